"""Everything that a report says, from the records of a run and of its base. No torch; draws nothing."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tilecli import __version__
from tilecli.errors import ProjectError, TilesError
from tilecli.evaluation import metrics
from tilecli.evaluation.paired import Difference
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.describe import Description, describe, difference, is_own
from tilecli.experiments.evaluated import rows_of
from tilecli.experiments.keep import pictures
from tilecli.experiments.plots.plot import SERIES, Series, parse_series
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import GOOD, Project
from tilecli.reporting import comparison
from tilecli.reporting.base import base_of
from tilecli.reporting.comparison import Compared
from tilecli.reporting.words import FIGURES
from tilecli.versions import diff as versions
from tilecli.versions import version

MOST_ROWS = 8  # of pictures of a kind
_SPEED = "evaluation/speed.json"


@dataclass(frozen=True)
class Figure:
    """One figure of the run, and beside that of the base."""

    name: str
    label: str
    value: float | None
    low: float | None  # ends of its 95 % interval
    high: float | None
    base: float | None
    change: Difference | None  # by the paired bootstrap, on the photos of both


@dataclass(frozen=True)
class Type:
    """One defect type of the test photos."""

    name: str
    photos: int
    tiles: int
    dice: float | None
    recall: float | None
    base_dice: float | None
    change: Difference | None


@dataclass(frozen=True)
class Picture:
    """Photo | truth | prediction | errors, as the evaluation drew it."""

    kind: str  # worst, best or random
    photo: str
    defect: str
    dice: float
    file: Path


@dataclass(frozen=True)
class Report:
    """All of it."""

    project: str
    made: str  # when, UTC
    version: str
    run: Description
    base: Record | None
    compared: Compared
    figures: tuple[Figure, ...]
    types: tuple[Type, ...]
    photos: int
    tiles: int
    good: int
    params: Mapping[str, tuple[Any, Any]]  # name → (base, run)
    files: Mapping[str, str]  # of the user's own: path → how it differs
    data: tuple[Mapping[str, Any], ...]  # photos added, removed, relabelled, replaced, by type and source
    data_words: str
    audit: Mapping[str, Any]  # of the split
    speed: Mapping[str, Any]
    curves: Mapping[str, Mapping[str, Series]]  # of SERIES: whose → points
    recall_precision: Mapping[str, Series]  # whose → points
    pictures: tuple[Picture, ...]

    @property
    def beside(self) -> bool:
        """Whether there are figures of the base to stand beside the run's."""
        return any(figure.base is not None for figure in self.figures)

    @property
    def basis(self) -> str:
        """On what the changes and verdicts stand, as a sentence."""
        if self.compared.comparison is not None:
            return f"Changes and verdicts: paired bootstrap over tiles, {self.compared.words}."
        return f"{self.compared.words[:1].upper()}{self.compared.words[1:]}."


def collect(project: Project, name: str, against: str | None) -> Report:
    """The report of the run called `name` against `against`; None: what it started from.

    Raises ProjectError for an unknown name and for a run whose model was not evaluated.
    """
    run = describe(project, name)
    base = base_of(project, run.record, against)
    rows = rows_of(project, run.record)
    compared = comparison.compare(project, run.record, rows, base)
    changed = difference(project, base.name if base.rev else "workspace", name) if base else None
    own = {} if changed is None else {path: how for path, how in changed.files.items() if is_own(path)}
    data, data_words = data_between(project, run.record, base)
    texts = snapshot.texts(project, run.record.rev, [_path(project, project.split_audit), _SPEED])
    both = [record for record in (base, run.record) if record is not None]
    return Report(
        project=project.root.name,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        version=__version__,
        run=run,
        base=base,
        compared=compared,
        figures=tuple(_figures(run.record, rows, base, compared)),
        types=tuple(_types(rows, base, compared)),
        photos=len(rows),
        tiles=len({row.tile for row in rows}),
        good=sum(row.is_good for row in rows),
        params={} if changed is None else changed.params,
        files=own,
        data=tuple(data),
        data_words=data_words,
        audit=snapshot.json_mapping(texts.get(_path(project, project.split_audit))),
        speed=snapshot.json_mapping(texts.get(_SPEED)),
        curves=_curves(project, both),
        recall_precision=_recall_precision(project, both),
        pictures=tuple(_pictures(project, run.record, rows)),
    )


def _figures(run: Record, rows: Sequence[Row], base: Record | None, compared: Compared) -> list[Figure]:
    values = metrics.figures(list(rows))
    found = []
    for name, label in FIGURES.items():
        if name not in values:
            continue
        low, high = run.intervals.get(name, (None, None))
        former = base.metrics.get(name) if base else None
        found.append(Figure(name, label, values[name], low, high, former, compared.of(name)))
    return found


def _types(rows: Sequence[Row], base: Record | None, compared: Compared) -> list[Type]:
    found = []
    for name, own in metrics.per_defect(rows).items():
        if name == GOOD:
            continue
        former = base.metrics.get(f"per_defect.{name}.dice") if base else None
        change = compared.of_type(name)
        found.append(Type(name, own["photos"], own["tiles"], own["dice"], own["recall"], former, change))
    return found


def data_between(project: Project, run: Record, base: Record | None) -> tuple[list[dict[str, Any]], str]:
    """What differs in the photos, and that in a few words."""
    if base is None:
        return [], "nothing to compare with"
    try:
        found = versions.compare(_version(project, base), _version(project, run))
    except TilesError as error:
        return [], f"could not be compared: {error.message}"
    return found.table(), found.words()


def _version(project: Project, record: Record) -> version.Version:
    return version.read_commit(project, record.rev) if record.rev else version.read_locked(project)


def _curves(project: Project, records: Sequence[Record]) -> dict[str, dict[str, Series]]:
    folder = project.training / "plots" / "metrics"
    found: dict[str, dict[str, Series]] = {}
    for name, (file, _) in SERIES.items():
        texts = snapshot.texts_at(project, [(record.rev, folder / file) for record in records])
        series = {record.name: parse_series(text or "") for record, text in zip(records, texts, strict=True)}
        found[name] = {whose: points for whose, points in series.items() if points}
    return found


def _recall_precision(project: Project, records: Sequence[Record]) -> dict[str, Series]:
    texts = snapshot.texts_at(project, [(record.rev, project.plots / "precision_recall.csv") for record in records])
    found = {}
    for record, text in zip(records, texts, strict=True):
        rows = csv.DictReader((text or "").splitlines())
        points = [(row.get("recall"), row.get("precision")) for row in rows]
        known = tuple((float(x), float(y)) for x, y in points if x and y)
        if known:
            found[record.name] = known
    return found


def _pictures(project: Project, run: Record, rows: Sequence[Row]) -> list[Picture]:
    """The worst photos and some at random; none where the cache of this machine lacks them."""
    drawn = {row.picture: row for row in rows if row.picture}
    if not drawn:
        return []
    try:
        folder = pictures.lay_out(project, run) / project.pictures.name
    except ProjectError:
        return []
    found = []
    for kind in ("worst", "random"):
        names = sorted(name for name in drawn if name.startswith(f"{kind}_"))[:MOST_ROWS]
        for name in names:
            row, file = drawn[name], folder / name
            if file.is_file():
                found.append(Picture(kind, row.photo, row.defect, row.dice, file))
    return found


def _path(project: Project, path: Path) -> str:
    return path.relative_to(project.root).as_posix()
