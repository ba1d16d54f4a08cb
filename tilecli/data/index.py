"""A dataset's index, index.csv: which photos there are. Light, because many a look at the data needs nothing else.

Masks are `tilecli.data.catalog`'s, which brings OpenCV.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from tilecli import files
from tilecli.errors import DataError, ProjectError

FETCH = "tiles fetch"


@dataclass(frozen=True)
class Photo:
    """One row of the index. Column names are a contract: other programs read this file."""

    photo: str  # unique name, the stem of its files
    image: str  # POSIX path relative to the dataset's folder
    mask: str  # likewise; empty where a good photo has none
    defect: str  # defect type, or `good`
    source: str
    exposure: str  # as the file's name gives it; empty where it does not
    width: int  # px, upright
    height: int  # px, upright


COLUMNS = tuple(field.name for field in fields(Photo))


def write_index(path: Path, photos: Sequence[Photo]) -> None:
    """Write one row per photo, in the order given."""
    with (
        files.whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(photo) for photo in photos)


def read_index(path: Path) -> list[Photo]:
    """The rows of an index; columns it does not know are passed over.

    Raises ProjectError where there is none yet, DataError (with file and line) where it cannot be read.
    """
    if not path.is_file():
        raise ProjectError("there is no dataset yet", where=str(path), hint=FETCH)
    photos: list[Photo] = []
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise _bad(f"the index lacks the column {missing[0]}", path, 1)
            for row in reader:
                photo = _photo(row, path, reader.line_num)
                if photo.photo in seen:
                    raise _bad(f"the photo {photo.photo} is listed twice", path, reader.line_num)
                seen.add(photo.photo)
                photos.append(photo)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the index cannot be read: {error}", where=str(path), hint=FETCH) from error
    return photos


def _photo(row: dict[str, str], path: Path, line: int) -> Photo:
    if any(row.get(name) is None for name in COLUMNS):
        raise _bad("a row of the index is cut short", path, line)
    try:
        width, height = int(row["width"]), int(row["height"])
    except ValueError as error:
        raise _bad(f"width and height must be whole numbers of px: {error}", path, line) from error
    if not row["photo"] or not row["image"] or not row["defect"] or width < 1 or height < 1:
        raise _bad("a row of the index lacks its photo, image, defect or size", path, line)
    return Photo(
        photo=row["photo"],
        image=row["image"],
        mask=row["mask"],
        defect=row["defect"],
        source=row["source"],
        exposure=row["exposure"],
        width=width,
        height=height,
    )


def _bad(message: str, path: Path, line: int) -> DataError:
    return DataError(message, where=f"{path}:{line}", hint=FETCH)
