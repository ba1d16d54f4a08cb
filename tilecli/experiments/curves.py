"""Learning curves: every series that trainings wrote with DVCLive, read from commits or from the working tree."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tilecli.experiments.plots.axes import is_number
from tilecli.experiments.plots.plot import Series, parse_series
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

_VALID_DICE = "valid.dice"
_FOLDER = Path("plots") / "metrics"  # of the series, in what a training writes


@dataclass(frozen=True)
class Curves:
    """What one training wrote."""

    series: dict[str, Series] = field(default_factory=dict)  # name (`valid.dice`) → points (epoch, value)
    epoch_s: float | None = None  # mean seconds of an epoch; None where that is not known
    best: float | None = None  # the epoch whose weights the model has, or would have if the training ended now


def read(project: Project, record: Record) -> Curves:
    """The curves of a run. One that is not done has no files here, but its Dice of the valid photos is known."""
    if record.state != "success":
        points = tuple((float(n), value) for n, value in enumerate(record.valid_dice, 1) if is_number(value))
        return _curves({_VALID_DICE: points}, record)
    run = (project.training / "run.json").relative_to(project.root).as_posix()
    names = _series(project, record.rev)
    texts = snapshot.texts(project, record.rev, [*names, run])
    series = {name: parse_series(texts.get(path, "")) for path, name in names.items()}
    return _curves(series, record, snapshot.json_mapping(texts.get(run)))


def being_written(training: Path, record: Record, since: float | None = None) -> Curves:
    """The curves of a training that writes into the folder `training`; `since`: without files that are older."""
    series = {}
    for path in sorted((training / _FOLDER).rglob("*.tsv")):
        with contextlib.suppress(OSError):  # taken away at this moment
            if since is None or path.stat().st_mtime > since:
                name = path.relative_to(training / _FOLDER).as_posix()
                series[_named(name)] = parse_series(path.read_text(encoding="utf-8", errors="replace"))
    return _curves(series, record)


def _curves(series: Mapping[str, Series], record: Record, facts: Mapping[str, object] | None = None) -> Curves:
    """`facts`: what the run's run.json says."""
    known = {name: points for name, points in series.items() if points}
    if not known:
        return Curves()
    metrics, said = record.metrics, facts or {}
    seconds, epochs = said.get("seconds", metrics.get("seconds")), said.get("epochs", metrics.get("epoch"))
    pace = seconds / epochs if is_number(seconds) and is_number(epochs) and epochs > 0 else None
    best = metrics.get("best.epoch", said.get("epoch"))
    return Curves(known, pace, float(best) if is_number(best) else None)


def _series(project: Project, rev: str) -> dict[str, str]:
    """Path in the project → name, of the series of a commit or of the workspace."""
    folder = (project.training / _FOLDER).relative_to(project.root).as_posix()
    if rev:
        paths = [path for path in snapshot.tree(project, rev) if path.startswith(f"{folder}/")]
    else:
        paths = [path.relative_to(project.root).as_posix() for path in (project.root / folder).rglob("*.tsv")]
    return {path: _named(path.removeprefix(f"{folder}/")) for path in sorted(paths) if path.endswith(".tsv")}


def _named(path: str) -> str:
    return path.removesuffix(".tsv").replace("/", ".")
