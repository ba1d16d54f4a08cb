"""The dataset's index (data/dataset/index.csv) and masks: the one module that writes and reads them.

What gets into a dataset, and under which name, is decided in `tilecli.data.fetch`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli import files
from tilecli.errors import DataError, ProjectError
from tilecli.opencv import cv2

Uint8 = npt.NDArray[np.uint8]
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


def read_mask(dataset: Path, photo: Photo) -> Uint8:
    """The photo's mask as H×W uint8, 1 where a pixel is defect; zeros where the photo has no mask.

    Raises DataError where the file is missing, is no image, or has another size than the index says.
    """
    if not photo.mask:
        return np.zeros((photo.height, photo.width), np.uint8)
    path = dataset / photo.mask
    try:
        mask, _ = decode_mask(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(
            f"the mask of {photo.photo} cannot be read: {error.strerror or error}", where=str(path), hint=FETCH
        ) from error
    if mask.shape != (photo.height, photo.width):
        raise DataError(
            f"the mask of {photo.photo} is {mask.shape[1]}×{mask.shape[0]} px, "
            f"the index says {photo.width}×{photo.height}",
            where=str(path),
            hint=FETCH,
        )
    return mask


def decode_mask(data: bytes, name: str = "mask") -> tuple[Uint8, int]:
    """An image file's bytes → (H×W uint8 mask of 0 and 1, the file's number of channels).

    Any value above 0 is defect, in any colour channel and at any depth; alpha says nothing about defects and is
    ignored. Raises DataError when the bytes are no image that OpenCV can read.
    """
    raw: npt.NDArray[np.generic] | None = None
    if data:
        try:
            raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise DataError(f"this mask cannot be decoded: {str(error).strip()}", where=name) from error
    if raw is None or raw.size == 0:
        raise DataError("this mask is no image that can be read", where=name)
    if raw.ndim == 2:
        return np.asarray(np.greater(raw, 0), np.uint8), 1
    channels = int(raw.shape[2])
    colours = raw[:, :, : 1 if channels == 2 else min(channels, 3)]
    return np.asarray(np.greater(colours, 0).any(axis=2), np.uint8), channels


def encode_mask(mask: Uint8) -> bytes:
    """H×W mask of 0 and 1 → a single-channel PNG of 0 and 255, which people can look at too."""
    done, data = cv2.imencode(".png", mask * np.uint8(255))
    if not done:
        raise DataError("this mask cannot be written as PNG")
    return bytes(data)


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
