"""The commits of this branch, how the main figure went along them, and what each step came from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tilecli.errors import TilesError
from tilecli.experiments import compare, store
from tilecli.experiments.project import git
from tilecli.experiments.reading import objects
from tilecli.experiments.store import Record
from tilecli.layout import Project

if TYPE_CHECKING:
    from tilecli.experiments.describe import Difference

_LAST = 200  # commits
_EXPLAINED = 12  # steps whose changes are looked for at once; of earlier ones, when they are asked for


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`metric`, `metrics` (that could be chosen), `high` (whether more is better), and `commits`, the first one first:
    `rev`, `tags`, `when`, `by`, `message`, `value`, `low`, `high`, and with other figures than before `step`: `of` (the
    commit that brought those), `difference`, `changes` (see `changes_of`; None: not looked for yet).

    query: `metric`; `step=REV` for the changes of that commit alone; `every=1` for all commits.
    """
    limit = 0 if query.get("every") else _LAST
    records = _records(project, limit)
    known = compare.headline_metrics(records)
    asked = query.get("metric", "")
    metric = asked if asked in known else next(iter(known), "")
    rows = _rows(project, records, metric)
    steps = [row["rev"] for row in rows if row["step"]]
    wanted = {query["step"]} if "step" in query else set(steps[-_EXPLAINED:])
    for row in rows:
        if row["step"] and row["rev"] in wanted:
            row["step"]["changes"] = changes_of(project, row["step"]["of"], row["rev"])
    return {
        "project": project.root.name,
        "metric": metric,
        "metrics": known,
        "high": compare.higher_is_better(metric) if metric else True,
        "commits": [row for row in rows if row["rev"] in wanted] if "step" in query else rows,
        "more": bool(limit) and len(records) == limit,
    }


def changes_of(project: Project, before: str, after: str) -> dict[str, Any]:
    """What differs between two commits: `params` (name, before, after), `files` of the user's own (path, how), `data`
    in words.
    """
    from tilecli.experiments.describe import is_own

    found = _between(project, before, after)
    try:
        data = _data_between(project, before, after) if "data/dataset" in found.files else ""
    except TilesError as error:
        data = f"could not be compared: {error.message}"
    return {
        "params": [[name, compare.finite(was), compare.finite(now)] for name, (was, now) in found.params.items()],
        "files": [[path, how] for path, how in found.files.items() if is_own(path)],
        "data": data,
    }


# What commits hold never changes, so it is looked for once; errors are not kept.


@lru_cache(maxsize=1000)
def _between(project: Project, before: str, after: str) -> Difference:
    from tilecli.experiments.describe import between

    return between(project, store.commit(project, before), store.commit(project, after))


@lru_cache(maxsize=1000)
def _data_between(project: Project, before: str, after: str) -> str:
    """In words. Raises ProjectError where DVC's cache lacks one of the two."""
    from tilecli.versions import diff, version

    return diff.compare(version.read_commit(project, before), version.read_commit(project, after)).words()


def _records(project: Project, limit: int) -> list[Record]:
    """The last commits of this branch, the first one first."""
    if not git(project.root, "rev-parse", "--verify", "--quiet", "HEAD", check=False):
        return []
    many = limit or int(git(project.root, "rev-list", "--first-parent", "--count", "HEAD"))
    return store.branch(project, many)[::-1]


def _rows(project: Project, records: list[Record], metric: str) -> list[dict[str, Any]]:
    tags = objects.tags(project.root)
    listed = (
        git(project.root, "log", "--first-parent", f"--max-count={len(records)}", "--format=%H%x1f%an")
        if records
        else ""
    )
    authors = dict(line.split("\x1f", 1) for line in listed.splitlines())
    before: Record | None = None
    rows = []
    for record in records:
        value = compare.finite(record.metrics.get(metric))
        low, high = record.intervals.get(metric, (None, None))
        step = None
        if value is not None:
            if before is None:
                before = record
            elif (before.model, before.metrics.get(metric)) != (record.model, value):
                step = {"of": before.rev, "difference": value - before.metrics[metric], "changes": None}
                before = record
        rows.append(
            {
                "rev": record.rev,
                "tags": tags.get(record.rev, []),
                "when": record.created,
                "by": authors.get(record.rev, ""),
                "message": record.message.partition("\n")[0],
                "value": value,
                "low": compare.finite(low),
                "high": compare.finite(high),
                "step": step,
            }
        )
    return rows
