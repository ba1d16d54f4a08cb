"""Learning curves: every series that trainings wrote with DVCLive, read from commits or from the working tree."""

from __future__ import annotations

from dataclasses import dataclass, field

from tilecli.experiments.plots.axes import is_number
from tilecli.experiments.plots.plot import Series, parse_series
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

_VALID_DICE = "valid.dice"


@dataclass(frozen=True)
class Curves:
    """What one training wrote."""

    series: dict[str, Series] = field(default_factory=dict)  # name (`valid.dice`) → points (epoch, value)
    epoch_s: float | None = None  # mean seconds of an epoch; None where that is not known


def read(project: Project, record: Record) -> Curves:
    """The curves of a run. One that is not done has no files here, but its Dice of the valid photos is known."""
    if record.state != "success":
        points = tuple((float(n), value) for n, value in enumerate(record.valid_dice, 1) if is_number(value))
        return Curves({_VALID_DICE: points} if points else {})
    run = (project.training / "run.json").relative_to(project.root).as_posix()
    names = _series(project, record.rev)
    texts = snapshot.texts(project, record.rev, [*names, run])
    series = {name: parse_series(texts.get(path, "")) for path, name in names.items()}
    known = {name: points for name, points in series.items() if points}
    return Curves(known, _epoch_s(snapshot.json_mapping(texts.get(run))))


def _series(project: Project, rev: str) -> dict[str, str]:
    """Path in the project → name, of the series of a commit or of the workspace."""
    folder = (project.training / "plots" / "metrics").relative_to(project.root).as_posix()
    if rev:
        paths = [path for path in snapshot.tree(project, rev) if path.startswith(f"{folder}/")]
    else:
        paths = [path.relative_to(project.root).as_posix() for path in (project.root / folder).rglob("*.tsv")]
    names = {path: path.removeprefix(f"{folder}/").removesuffix(".tsv").replace("/", ".") for path in sorted(paths)}
    return {path: name for path, name in names.items() if path.endswith(".tsv")}


def _epoch_s(facts: dict[str, object]) -> float | None:
    seconds, epochs = facts.get("seconds"), facts.get("epochs")
    return seconds / epochs if is_number(seconds) and is_number(epochs) and epochs > 0 else None
