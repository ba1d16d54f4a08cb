"""What the evaluation of one run recorded, read from its commit, or from the working tree."""

from __future__ import annotations

from tilecli import paramfile
from tilecli.errors import ConfigError, ProjectError
from tilecli.evaluation.records import Record as Row
from tilecli.evaluation.records import parse_records
from tilecli.experiments.naming import WORKSPACE
from tilecli.experiments.reading import lineage, snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project


def rows_of(project: Project, record: Record) -> list[Row]:
    """The per-photo results of one run, read from its commit, or from the working tree.

    Raises ProjectError where it has none or where they are those of an earlier model, DataError where they are broken.
    """
    text, lock = snapshot.texts_at(project, [(record.rev, project.per_image), (record.rev, project.lock)])
    return parse_rows(project, record, text, lock)


def parse_rows(project: Project, record: Record, text: str | None, lock: str | None) -> list[Row]:
    """`rows_of`, given the texts of the run's per_image.csv and dvc.lock."""
    path = project.per_image.relative_to(project.root).as_posix()
    fetch = "tiles exp apply" if record.baseline else "git switch --detach"
    hint = f"{fetch} {record.name} && tiles eval, then compare {WORKSPACE}" if record.rev else "tiles eval"
    if not text:
        raise ProjectError(f"'{record.name}' was not evaluated: it has no {path}", hint=hint)
    changed = outdated(lock or "")
    if changed:
        # `tiles train --only` stops before the evaluation, and the files of an earlier one stay where they are.
        raise ProjectError(
            f"'{record.name}' was not evaluated: its {path} is older than its {changed}", where=record.name, hint=hint
        )
    where = f"{record.name}:{path}" if record.rev else str(project.per_image)
    return parse_records(text.splitlines(keepends=True), where)


def outdated(lock: str) -> str | None:
    """The path that changed after the evaluation used it, by the hashes of dvc.lock (its text); None if none did."""
    try:
        stages = paramfile.parse_yaml(lock, "dvc.lock").get("stages") or {}
    except ConfigError:
        return None
    return next((change.path for change in lineage.changes(stages).get("evaluate", [])), None)
