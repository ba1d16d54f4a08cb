"""One test photo's figures, and evaluation/per_image.csv, which holds one row for each. The only module that writes
and reads that file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.errors import DataError
from tilecli.layout import GOOD

EVALUATE = "tiles eval"


@dataclass(frozen=True)
class Record:
    """What was counted on one photo at the deployed threshold."""

    photo: str
    tile: str
    defect: str  # type, or `good`
    intersection_px: int
    predicted_px: int
    true_px: int
    pixels: int  # height × width
    score: float  # 0–1, see inference.regions
    verdict: str  # defect, uncertain or good
    defects: int  # true objects, see evaluation.objects
    found: int  # of them, at the wanted IoU
    touched: int
    ms: float  # wall time of the prediction, reading included
    picture: str = ""  # file under evaluation/predictions, where one was drawn
    loss: float | None = None  # mean cross-entropy, nats per pixel; None in records made before it was measured
    # Of bundles that tell types apart, else empty:
    type_predicted: str = ""  # the type of most marked pixels, `good` where the verdict is
    type_pixels: str = ""  # what pixels are and what they were taken for, see evaluation.by_type

    @property
    def dice(self) -> float:
        """2·|T∩P| / (|T| + |P|); the empty-mask rule: 1 where both are empty, 0 where only one is."""
        size = self.true_px + self.predicted_px
        return 2.0 * self.intersection_px / size if size else 1.0

    @property
    def accuracy(self) -> float:
        """Share of pixels on which prediction and truth agree."""
        return 1.0 - self.wrong_px / self.pixels

    @property
    def wrong_px(self) -> int:
        """Pixels on which prediction and truth differ."""
        return self.true_px + self.predicted_px - 2 * self.intersection_px

    @property
    def is_good(self) -> bool:
        """Whether the photo shows no defect by its type; a defect type with an empty mask is not good."""
        return self.defect == GOOD


_STORED = [field.name for field in fields(Record)]
_COUNTS = {"intersection_px", "predicted_px", "true_px", "pixels", "defects", "found", "touched"}
_MEASURES = {"score", "ms"}
_LATER = {"loss"}  # columns that older files do not have
_TYPED = ["type_predicted", "type_pixels"]  # columns of bundles that tell types apart alone
# The contract's columns first, in its order; then what came later.
COLUMNS = ["photo", "tile", "defect", "dice", "intersection_px", "predicted_px", "true_px", "score", "ms"]
COLUMNS += ["accuracy", *(name for name in _STORED if name not in [*COLUMNS, *_TYPED])]


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Write one row per photo, in the order given."""
    with files.whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        columns = columns_of(records)
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(as_row(record, columns) for record in records)


def columns_of(records: Iterable[Record]) -> list[str]:
    """The columns that a file of these records has."""
    return [*COLUMNS, *_TYPED] if any(record.type_predicted for record in records) else COLUMNS


def as_row(record: Record, columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """The record under the names of `columns`, as the file has it."""
    row = {name: getattr(record, name) for name in columns}
    row |= {"dice": f"{record.dice:.6f}", "accuracy": f"{record.accuracy:.6f}"}
    row |= {"score": f"{record.score:.6f}", "ms": f"{record.ms:.2f}"}
    return row | {"loss": "" if record.loss is None else f"{record.loss:.6g}"}


def read_records(path: Path) -> list[Record]:
    """The rows of the per_image.csv at `path`; errors as those of `parse_records`."""
    if not path.is_file():
        raise DataError("nothing is evaluated yet", where=str(path), hint=EVALUATE)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return parse_records(stream, str(path))
    except OSError as error:
        raise DataError(f"cannot be read: {error}", where=str(path), hint=EVALUATE) from error


def parse_records(lines: Iterable[str], where: str) -> list[Record]:
    """The rows of a per_image.csv, given its lines with their ends; columns it does not know are passed over.

    Raises DataError, with `where` and the line, where they cannot be read.
    """
    records = []
    line = 1
    try:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            line = reader.line_num
            values: dict[str, str | int | float | None]
            values = {name: row[name] or "" for name in _STORED if name not in _LATER and name not in _TYPED}
            values |= {name: row.get(name) or "" for name in _TYPED}
            values |= {name: int(row[name]) for name in _COUNTS}
            values |= {name: float(row[name]) for name in _MEASURES}
            values |= {name: float(row[name]) if row.get(name) else None for name in _LATER}
            records.append(Record(**values))  # type: ignore[arg-type]  # the columns are the fields
    except KeyError as error:
        raise DataError(f"the column {error.args[0]} is missing", where=f"{where}:1", hint=EVALUATE) from error
    except (ValueError, TypeError, csv.Error) as error:
        raise DataError(f"cannot be read: {error}", where=f"{where}:{line}", hint=EVALUATE) from error
    return records
