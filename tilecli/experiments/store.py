"""Reads experiments straight from git objects: which there are, and each one's params and figures.

DVC keeps an experiment as a commit under refs/exps/<ab>/<cdef…>/<name>, where abcdef… is the commit it started from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from tilecli.errors import ProjectError, near_matches
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvcqueue, objects
from tilecli.experiments.reading.cache import Cache
from tilecli.experiments.reading.reader import FILES, Reader, Texts
from tilecli.layout import Project

State = Literal["success", "running", "queued", "failed", "stopped"]
_OWN_MESSAGE = "dvc: commit experiment "  # of a commit for which nobody gave a message


@dataclass(frozen=True)
class Record:
    """One experiment, the workspace or a commit: flat params and metrics, and what could not be read."""

    name: str
    rev: str  # commit SHA; empty for the workspace
    baseline: str  # SHA it started from; empty where it has none
    created: float  # seconds since 1970; 0 for the workspace
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    broken: tuple[str, ...] = ()  # files that are there and cannot be read
    state: State = "success"
    model: str = ""  # md5 of the bundle, as DVC noted it; empty where there is none
    valid_dice: tuple[float, ...] = ()  # one value per epoch
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, lower and upper end
    # What belongs to an older model than the last training made ("bundle", "evaluation"); its figures are left out.
    stale: tuple[str, ...] = ()
    message: str = ""  # why it was tried, where somebody said so

    @property
    def kind(self) -> Literal["workspace", "commit", "experiment"]:
        """What the record is of."""
        if self.baseline:
            return "experiment"
        return "commit" if self.rev else "workspace"

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values, `kind` first; what is not a number there (NaN, infinity) is None."""
        plain = {"kind": self.kind, **vars(self)}
        for name in ("params", "metrics"):
            plain[name] = {key: None if _odd(value) else value for key, value in plain[name].items()}
        plain["valid_dice"] = [None if _odd(value) else value for value in self.valid_dice]
        return plain


@dataclass(frozen=True)
class Group:
    """A commit and the experiments that started from it, the newest first."""

    baseline: Record
    experiments: tuple[Record, ...]


@dataclass(frozen=True)
class History:
    """All there is to compare."""

    workspace: Record
    groups: tuple[Group, ...]  # the commit that is checked out first, then from new to old

    @property
    def experiments(self) -> list[Record]:
        """Those of all groups, in their order."""
        return [record for group in self.groups for record in group.experiments]


@dataclass(frozen=True)
class Commits:
    """Which commits `history` is asked for; without any, HEAD and all that experiments started from."""

    revs: tuple[str, ...] = ()
    last: int = 0  # this many back from HEAD, or from each of `revs`
    every: bool = False
    branches: bool = False
    tags: bool = False

    def __bool__(self) -> bool:
        return bool(self.revs or self.last or self.every or self.branches or self.tags)


def experiments(project: Project) -> list[Record]:
    """Every finished experiment of the repository, the newest first."""
    reader = Reader(project)
    _ = reader.place  # first, for its words where there is no repository
    found = _finished(objects.refs(project.root, "refs/exps"))
    texts = reader.commits([rev for _, rev, _ in found])
    records = [_record(name, rev, base, texts[rev]) for name, rev, base in found]
    return sorted(records, key=lambda record: record.created, reverse=True)


def experiment(project: Project, name: str) -> Record | None:
    """The finished experiment called `name`, or whose SHA starts with it; None where there is none. Reads no other."""
    found = _finished(objects.refs(project.root, "refs/exps"))
    named = [row for row in found if row[0] == name]
    by_sha = [row for row in found if len(name) >= 4 and row[1].startswith(name)]
    for known, rev, base in [*named, *by_sha][:1]:
        return _record(known, rev, base, Reader(project).commits([rev])[rev])
    return None


def under_way(project: Project, like: Record, at: Path) -> Record:
    """`like`, with the figures of the training that is under way in the folder `at`; what an evaluation left there is
    of an older model."""
    texts = Reader(project).folder(at)
    kept = {kind: texts.values.get(kind) for kind in ("params", "training", "series")}
    live = _record(like.name, like.rev, like.baseline, Texts(0.0, "", kept), state=like.state, created=like.created)
    return replace(live, params=like.params or live.params, message=like.message)


def commit(project: Project, rev: str = "HEAD") -> Record:
    """What the commit `rev` holds."""
    sha = git(project.root, "rev-parse", "--verify", f"{rev}^{{commit}}")
    return _record(rev, sha, "", Reader(project).commits([sha])[sha])


def branch(project: Project, last: int) -> list[Record]:
    """The last commits of the branch that is checked out, the newest first; reads nothing of what started from them."""
    reader = Reader(project)
    shas = _commits(project, reader.place.head, Commits(last=last))
    texts, names = reader.commits(shas), objects.names(project.root)
    return [_baseline(sha, names, texts) for sha in shas]


def workspace(project: Project) -> Record:
    """What the files of the working tree hold now."""
    return _record("workspace", "", "", Reader(project).folder(project.root))


def find(records: Iterable[Record], name: str) -> Record:
    """The record called `name` (or whose SHA starts with it)."""
    records = list(records)
    named = (record for record in records if record.name == name)
    by_sha = (record for record in records if len(name) >= 4 and record.rev.startswith(name))
    found = next(named, None) or next(by_sha, None)
    if found:
        return found
    hint = near_matches(name, [record.name for record in records]) or "tiles exp compare lists them"
    raise ProjectError(f"there is no experiment '{name}'", hint=hint)


def history(
    project: Project, commits: Commits | None = None, extra: Sequence[Record] = (), cache: Cache | None = None
) -> History:
    """Workspace, commits and their experiments; finished, running, waiting and failed.

    `extra` are experiments that somebody else knows of, a queue for one; each goes to the commit it starts from.
    `cache`: where the reader keeps what it reads, for a process that asks again and again.
    """
    commits = commits or Commits()
    reader = Reader(project, cache)
    place = reader.place  # first, for its words where there is no repository
    refs = objects.refs(project.root, "refs/exps")
    found = _finished(refs)
    tasks = dvcqueue.tasks(project, place.prefix, dict(refs))
    head = place.head
    shas = _commits(project, head, commits)
    if not commits:
        bases = [*(base for _, _, base in found), *(task.baseline for task in tasks)]
        shas = list(dict.fromkeys([*shas, *bases, *(record.baseline for record in extra)]))
    wanted = set(shas)
    found = [row for row in found if row[2] in wanted]
    tasks = [task for task in tasks if task.baseline in wanted]
    stashed = [task.rev for task in tasks if task.rev]
    texts = reader.commits([*shas, *(rev for _, rev, _ in found), *stashed])

    children: dict[str, list[Record]] = {sha: [] for sha in shas}
    for name, rev, base in found:
        children[base].append(_record(name, rev, base, texts[rev]))
    for task in tasks:
        children[task.baseline].append(_of_task(task, texts, reader))
    for record in extra:
        children.get(record.baseline, []).append(record)
    names = objects.names(project.root)
    groups = []
    for sha in shas:
        tried = sorted(children[sha], key=lambda record: record.created, reverse=True)
        groups.append(Group(_baseline(sha, names, texts), tuple(tried)))
    if not commits:
        groups.sort(key=lambda group: (group.baseline.rev == head, group.baseline.created), reverse=True)
    return History(_record("workspace", "", "", reader.folder(project.root)), tuple(groups))


def _finished(refs: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(name, commit, commit it started from) of the refs that are experiments."""
    found = []
    for ref, sha in refs:
        parts = ref.split("/", 4)
        # refs/exps/<2 hex>/<38 hex>/<name>; others are DVC's own (exec, stash, celery).
        if len(parts) == 5 and len(parts[2]) == 2 and len(parts[2] + parts[3]) == len(sha):
            found.append((parts[4], sha, parts[2] + parts[3]))
    return found


def _commits(project: Project, head: str, commits: Commits) -> list[str]:
    """The commits asked for, each once."""
    if not head and not commits.revs:
        return []
    if not commits:
        return [head]
    shas: list[str] = []
    starts = list(commits.revs) or ([] if commits.every or commits.branches or commits.tags else ["HEAD"])
    for rev in starts:
        sha = git(project.root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", check=False)
        if not sha:
            known = [name.split("/", 2)[2] for name, _ in objects.refs(project.root, "refs/heads", "refs/tags")]
            hint = near_matches(rev, known) or "git log --oneline --all lists commits"
            raise ProjectError(f"there is no commit '{rev}'", where="--rev", hint=hint)
        count = str(max(1, commits.last))
        shas += git(project.root, "rev-list", "--first-parent", "--max-count", count, sha).split()
    walked = [flag for flag, on in (("--branches", commits.branches), ("--tags", commits.tags)) if on]
    if commits.every:
        shas += git(project.root, "rev-list", "--branches", "--tags", "--remotes", "HEAD").split()
    elif walked:
        shas += git(project.root, "rev-list", "--no-walk=sorted", *walked).split()
    return list(dict.fromkeys(shas))


def _baseline(sha: str, names: Mapping[str, str], texts: Mapping[str, Texts]) -> Record:
    """A commit that experiments start from, by its branch's or tag's name where it has one."""
    return _record(names.get(sha, sha[:7]), sha, "", texts[sha])


def _of_task(task: dvcqueue.Task, texts: dict[str, Texts], reader: Reader) -> Record:
    stashed = texts.get(task.rev)
    if task.state == "running" and task.folder is not None:
        live = reader.folder(task.folder, task.since)
        created = stashed.created if stashed and stashed.created else task.since
        return _record(task.name, task.rev, task.baseline, live, state="running", created=created)
    # The stash commit holds the settings; any figures in it are those of the commit the task starts from.
    bare = Texts(stashed.created, "", {"params": stashed.values["params"]}, ()) if stashed else Texts()
    return _record(task.name, task.rev, task.baseline, bare, state=task.state)


def _record(
    name: str, rev: str, base: str, texts: Texts, *, state: State = "success", created: float | None = None
) -> Record:
    values = texts.values
    evaluation = values.get("evaluation") or {"metrics": {}, "intervals": {}}
    lock = values.get("lock") or {"model": "", "stale": []}
    # Where nothing was evaluated, no evaluation can be of an older model.
    stale = tuple(what for what in lock["stale"] if what != "evaluation" or evaluation["metrics"])
    if "evaluation" in stale:
        evaluation = {"metrics": {}, "intervals": {}}
    message = texts.message
    return Record(
        name,
        rev,
        base,
        texts.created if created is None else created,
        values.get("params") or {},
        (values.get("training") or {}) | evaluation["metrics"],
        tuple(FILES[kind] for kind in texts.broken),
        state,
        lock["model"],
        tuple(values.get("series") or ()),
        {figure: (low, high) for figure, (low, high) in evaluation["intervals"].items()},
        stale,
        "" if message.startswith(_OWN_MESSAGE) else message,
    )


def _odd(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
