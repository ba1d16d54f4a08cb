"""Is one experiment really better than another? Fetches what both evaluations recorded and compares photo by photo."""

from __future__ import annotations

from dataclasses import dataclass

from tilecli import paramfile
from tilecli.errors import ConfigError, ProjectError, UsageError
from tilecli.evaluation import paired
from tilecli.evaluation.records import Record as Row
from tilecli.evaluation.records import parse_records
from tilecli.experiments.compare import changed_params
from tilecli.experiments.naming import WORKSPACE, resolve
from tilecli.experiments.reading import lineage, snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

# Figures that depend on a setting of the evaluation itself: with unlike settings they measure unlike things.
_DEPENDS_ON = {"defect_recall": "evaluate.iou"}


@dataclass(frozen=True)
class Judgement:
    """Two evaluations and how they differ."""

    a: Record
    b: Record
    comparison: paired.Comparison
    left_out: dict[str, str]  # figure → why it cannot be compared


def judge(project: Project, a: str, b: str, *, resamples: int = 10_000, seed: int = 0) -> Judgement:
    """Compare two of experiments, commits and `workspace`, given by name.

    Raises ProjectError for an unknown name and for a run whose model was not evaluated, UsageError where both are the
    same or were not tested on the same photos, DataError for records that cannot be read.
    """
    sides = [resolve(project, name) for name in (a, b)]
    if sides[0].rev == sides[1].rev:
        raise UsageError(f"'{a}' and '{b}' are the same", hint="name two different experiments, commits or workspace")
    rows = [rows_of(project, side) for side in sides]
    reason = paired.why_not(rows[0], rows[1], (a, b))
    if reason:
        raise UsageError(f"'{a}' and '{b}' cannot be compared: {reason}", hint=_remedy(sides[0], sides[1]))
    found = paired.compare(rows[0], rows[1], names=(a, b), resamples=resamples, seed=seed)
    left_out = {}
    for figure, setting in _DEPENDS_ON.items():
        values = [side.params.get(setting) for side in sides]
        if values[0] != values[1]:
            left_out[figure] = f"{setting} was {values[0]} for {a} and {values[1]} for {b}"
            found.figures.pop(figure, None)
    return Judgement(sides[0], sides[1], found, left_out)


def rows_of(project: Project, record: Record) -> list[Row]:
    """The per-photo results of one run, read from its commit, or from the working tree.

    Raises ProjectError where it has none or where they are those of an earlier model, DataError where they are broken.
    """
    lock = project.root / "dvc.lock"
    text, locked = snapshot.texts_at(project, [(record.rev, project.per_image), (record.rev, lock)])
    path = project.per_image.relative_to(project.root).as_posix()
    fetch = "tiles exp apply" if record.baseline else "git switch --detach"
    hint = f"{fetch} {record.name} && tiles eval, then compare {WORKSPACE}" if record.rev else "tiles eval"
    if not text:
        raise ProjectError(f"'{record.name}' was not evaluated: it has no {path}", hint=hint)
    changed = outdated(locked or "")
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


def _remedy(a: Record, b: Record) -> str:
    """What to do so that two runs can be compared."""
    unlike = [name for name in changed_params([a, b]) if name.startswith(("data.", "split."))]
    if not unlike or not b.rev:
        return "test both on the same photos and masks: tiles exp apply NAME && tiles eval, for each of the two"
    settings = " ".join(f"-S {paramfile.as_override(name, a.params.get(name))}" for name in unlike)
    return f"train {b.name} again on the photos of {a.name}: tiles exp apply {b.name} && tiles train {settings}"
