"""Is one experiment really better than another? Fetches what both evaluations recorded and compares photo by photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilecli import paramfile
from tilecli.errors import UsageError
from tilecli.evaluation import paired, pairing
from tilecli.evaluation.records import Record as Row
from tilecli.experiments import folds, store
from tilecli.experiments.compare import changed_params
from tilecli.experiments.evaluated import rows_of
from tilecli.experiments.naming import WORKSPACE, resolve
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
    alone: tuple[int, int] = (0, 0)  # photos that only A, and that only B, was tested on, or against another truth
    folds: tuple[int, ...] = ()  # of which A and B are made, where they are fold groups


@dataclass(frozen=True)
class _Side:
    record: Record  # of a fold group, what its experiments have in common
    rows: list[Row]
    group: folds.Group | None = None


def judge(
    project: Project, a: str, b: str, *, shared: bool = False, resamples: int = 10_000, seed: int = 0
) -> Judgement:
    """Compare two of experiments, commits and `workspace`, or two fold groups, given by name.

    shared: on the photos that both were tested on against the same truth, where those are not all.
    Raises ProjectError for an unknown name and for a run whose model was not evaluated, UsageError where both are the
    same or were not tested on the same photos, DataError for records that cannot be read.
    """
    tried = store.experiments(project)
    if a == b:
        raise _are_the_same(a, b)
    sides = [_side(project, name, tried) for name in (a, b)]
    grouped = [side.group for side in sides if side.group]
    if not grouped and sides[0].record.rev == sides[1].record.rev:
        raise _are_the_same(a, b)
    if len(grouped) == 1:
        single = b if sides[0].group else a
        raise UsageError(
            f"'{grouped[0].name}' is {grouped[0].folds} folds and '{single}' is one run, tested on fewer photos",
            hint=f"tiles train --folds {grouped[0].folds} with the settings of {single}, then compare the folds",
        )
    both = pairing.shared(sides[0].rows, sides[1].rows)
    alone = (len(sides[0].rows) - len(both[0]), len(sides[1].rows) - len(both[1]))
    mine, others = both if shared else (sides[0].rows, sides[1].rows)
    reason = pairing.why_not(mine, others, (a, b)) if mine or not shared else "no photo was tested by both"
    if reason:
        hint = _remedy_of_folds(grouped[0]) if grouped else _remedy(sides[0].record, sides[1].record)
        if both[0]:
            hint = f"--shared compares on the {len(both[0])} photos that are the same for both; or {hint}"
        raise UsageError(f"'{a}' and '{b}' cannot be compared: {reason}", hint=hint)
    found = paired.compare(mine, others, names=(a, b), resamples=resamples, seed=seed)
    left_out = measured_otherwise(sides[0].record, sides[1].record, (a, b))
    figures = {name: figure for name, figure in found.figures.items() if name not in left_out}
    found = replace(found, figures=figures)
    return Judgement(sides[0].record, sides[1].record, found, left_out, alone, tuple(group.folds for group in grouped))


def measured_otherwise(a: Record, b: Record, names: tuple[str, str] = ("A", "B")) -> dict[str, str]:
    """The figures that the two measured with unlike settings, and with which."""
    values = {
        figure: (setting, a.params.get(setting), b.params.get(setting)) for figure, setting in _DEPENDS_ON.items()
    }
    return {
        figure: f"{setting} was {of_a} for {names[0]} and {of_b} for {names[1]}"
        for figure, (setting, of_a, of_b) in values.items()
        if of_a != of_b
    }


def _side(project: Project, name: str, tried: Sequence[Record]) -> _Side:
    """What `name` stands for: an experiment by its full name, then a fold group, then whatever `resolve` finds."""
    if name != WORKSPACE and all(record.name != name for record in tried):
        group = next((group for group in folds.groups(tried) if group.name == name), None)
        if group is not None:
            rows = [row for fold in folds.read(project, group) for row in fold.rows]
            return _Side(Record(name, "", "", group.created, folds.common_params(group)), rows, group)
    record = resolve(project, name, tried)
    return _Side(record, rows_of(project, record))


def _are_the_same(a: str, b: str) -> UsageError:
    return UsageError(f"'{a}' and '{b}' are the same", hint="name two different experiments, commits or workspace")


def _remedy_of_folds(group: folds.Group) -> str:
    return f"make both of the same photos: tiles train --folds {group.folds} again for the older one"


def _remedy(a: Record, b: Record) -> str:
    """What to do so that two runs can be compared."""
    unlike = [name for name in changed_params([a, b]) if name.startswith(("data.", "split."))]
    if not unlike or not b.rev:
        return "test both on the same photos and masks: tiles exp apply NAME && tiles eval, for each of the two"
    settings = " ".join(f"-S {paramfile.as_override(name, a.params.get(name))}" for name in unlike)
    return f"train {b.name} again on the photos of {a.name}: tiles exp apply {b.name} && tiles train {settings}"
