"""data/split.csv: which photo belongs to which tile and subset. The only module that writes and reads it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tilecli.data.catalog import Photo
from tilecli.errors import DataError, near_matches
from tilecli.files import whole_file

SUBSETS = ("train", "valid", "test")


@dataclass(frozen=True)
class Assigned:
    """One photo's row; `content` (of the photo file, see `hashing.Prints`) tells a changed photo from the same one.

    `fold`: a number from 0 where the split has folds, else empty.
    """

    photo: str
    tile: str
    defect: str
    subset: str
    content: str = ""
    fold: str = ""


_COLUMNS = tuple(field.name for field in fields(Assigned))
_REQUIRED = _COLUMNS[:4]


def write_manifest(path: Path, rows: Sequence[Assigned]) -> None:
    """Write the manifest as a whole or not at all; without folds it has no column for them."""
    columns = [name for name in _COLUMNS if name != "fold" or any(row.fold for row in rows)]
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_manifest(path: Path) -> list[Assigned]:
    """Every row, in file order; columns that are not known here are ignored.

    Raises DataError, naming the file and the line, for a missing file or column, an unknown subset, an empty field or
    a photo that appears twice.
    """
    if not path.is_file():
        raise DataError("the photos are not split yet", where=str(path), hint="tiles split")
    rows: dict[str, Assigned] = {}
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise _broken(path, 1, f"the column {missing[0]} is missing")
            for record in reader:
                line = reader.line_num
                row = _parse(record, path, line)
                if row.photo in rows:
                    raise _broken(path, line, f"the photo {row.photo} is listed twice")
                rows[row.photo] = row
    except (csv.Error, UnicodeDecodeError) as error:
        raise _broken(path, line, str(error)) from error
    except OSError as error:
        raise DataError(f"the split cannot be read: {error.strerror or error}", where=str(path)) from error
    if not rows:
        raise _broken(path, 1, "it lists no photos")
    return list(rows.values())


def match_photos(rows: Sequence[Assigned], photos: Sequence[Photo]) -> list[tuple[Assigned, Photo]]:
    """Each row with its photo of the index, in row order. Photos without a row are left out: they have no subset.

    Raises DataError when rows name photos that the dataset no longer has.
    """
    by_name = {photo.photo: photo for photo in photos}
    gone = [row.photo for row in rows if row.photo not in by_name]
    if gone:
        raise DataError(
            f"{len(gone)} of {len(rows)} photos of the split are not in the dataset, the first is {gone[0]}",
            where="data/split.csv",
            hint="tiles split",
        )
    return [(row, by_name[row.photo]) for row in rows]


def _parse(record: dict[str | None, str | None], path: Path, line: int) -> Assigned:
    if None in record or None in record.values():
        raise _broken(path, line, "it has more or fewer fields than the header")
    values = {name: record.get(name) or "" for name in _COLUMNS}
    empty = [name for name in _REQUIRED if not values[name]]
    if empty:
        raise _broken(path, line, f"{empty[0]} is empty")
    if values["subset"] not in SUBSETS:
        near = near_matches(values["subset"], list(SUBSETS))
        raise _broken(
            path,
            line,
            f"the subset {values['subset']!r} is none of {', '.join(SUBSETS)}{f'; {near}' if near else ''}",
        )
    if values["fold"] and not values["fold"].isdecimal():
        raise _broken(path, line, f"the fold {values['fold']!r} is no number from 0")
    return Assigned(**values)


def _broken(path: Path, line: int, reason: str) -> DataError:
    return DataError(
        f"the split cannot be read: {reason}",
        where=f"{path}, line {line}",
        hint="mend that line, or remove the file and run tiles split to split from scratch",
    )
