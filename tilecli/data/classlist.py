"""The defect types that are told apart (data/dataset/classes.json), and masks that say which of them a pixel shows.

The file is there only where `data.target` is `type`: it is what tells every later stage so. A class's number is its
place in the list, from 1; 0 is no defect.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tilecli import files
from tilecli.data import catalog
from tilecli.data.catalog import FETCH, Photo, Uint8
from tilecli.errors import DataError
from tilecli.layout import GOOD
from tilecli.opencv import cv2

OWN = 255  # in a mask file: the photo's own type
MOST = OWN - 1  # classes: as many as a mask file can tell apart
FILE = "classes.json"  # of a dataset, and of a source whose masks hold numbers


def read_classes(path: Path) -> tuple[str, ...]:
    """The names in the classes.json at `path`, in order; none where there is no such file.

    Raises DataError where it is no list of names.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise DataError(f"the list of classes cannot be read: {error}", where=str(path), hint=FETCH) from error
    if not isinstance(found, list) or not all(isinstance(name, str) and name for name in found):
        raise DataError("this should be a list of names of defect types", where=str(path), hint='["crack", "hole"]')
    if len(set(found)) < len(found) or len(found) > MOST:
        raise DataError(f"this should be at most {MOST} names, no two alike", where=str(path))
    return tuple(found)


def write_classes(path: Path, classes: Sequence[str]) -> None:
    """Write the classes.json of a dataset. Raises DataError where there are none, or more than a mask can tell."""
    if not classes or len(classes) > MOST:
        raise DataError(
            f"the photos show {len(classes)} types of defects; with data.target: type there have to be 1 to {MOST}",
            where=str(path.parent),
            hint="-S data.target=binary",
        )
    files.write_json(path, list(classes))


def number_masks(folder: Path, photos: Sequence[Photo], numbered: Sequence[tuple[Path, Sequence[str]]]) -> None:
    """Write the classes.json of the dataset in `folder`: the types of `photos` and of masks, sorted, without the good.

    numbered: masks that hold numbers, each with the names of them in its source; they get the dataset's numbers.
    """
    used = set()
    for path, names in numbered:
        used |= {names[number - 1] for number in used_numbers(read_numbers(path.read_bytes(), str(path)), names)}
    classes = sorted({*(photo.defect for photo in photos), *used} - {GOOD})
    write_classes(folder / FILE, classes)
    number_of = {name: number for number, name in enumerate(classes, 1)}
    for path, names in numbered:
        table = np.arange(256, dtype=np.uint8)
        table[1 : len(names) + 1] = [number_of.get(name, 0) for name in names]
        path.write_bytes(encode_numbers(table[read_numbers(path.read_bytes(), str(path))]))


def read_truth(dataset: Path, photo: Photo, classes: Sequence[str]) -> Uint8:
    """`read_types` where there are classes, else `catalog.read_mask`."""
    return read_types(dataset, photo, classes) if classes else catalog.read_mask(dataset, photo)


def read_types(dataset: Path, photo: Photo, classes: Sequence[str]) -> Uint8:
    """The photo's mask as H×W uint8: 0, and the number in `classes` (from 1) of the type that a pixel shows.

    A mask file holds 255 where the photo's own type is, or numbers of the dataset's own classes.json on a photo that
    shows several. Marks on a photo of the good type count as nothing: no one says of which type they are. Raises
    DataError as `catalog.read_mask` does, and for a type that is not among `classes`.
    """
    mask = catalog.read_mask(dataset, photo)
    if not mask.any():
        return mask
    path = dataset / photo.mask
    values = read_numbers(path.read_bytes(), str(path))
    names = read_classes(dataset / FILE)
    table = np.zeros(256, np.uint8)
    for value in np.unique(values[values > 0]).tolist():
        if value != OWN and value > len(names):
            raise DataError(
                f"the mask holds {value}, the dataset has {len(names)} classes", where=str(path), hint=FETCH
            )
        name = photo.defect if value == OWN else names[value - 1]
        if name != GOOD and name not in classes:
            raise DataError(f"the type {name} is none of {', '.join(classes)}", where=str(path), hint=FETCH)
        table[value] = 0 if name == GOOD else classes.index(name) + 1
    return np.asarray(table[values], np.uint8)


def read_numbers(data: bytes, name: str = "mask") -> Uint8:
    """A mask file's bytes → H×W uint8 of the numbers it holds. Raises DataError where it is no 8-bit grey image."""
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if raw is None or raw.ndim != 2 or raw.dtype != np.uint8:
        raise DataError("masks that hold numbers of classes have to be 8-bit grey images", where=name)
    return np.asarray(raw, np.uint8)


def encode_numbers(numbers: Uint8) -> bytes:
    """H×W uint8 → a single-channel PNG of the same values."""
    done, data = cv2.imencode(".png", numbers)
    if not done:
        raise DataError("this mask cannot be written as PNG")
    return bytes(data)


def used_numbers(numbers: Uint8, classes: Sequence[str]) -> dict[int, int]:
    """Number → its pixels, for those of an H×W mask that stand for one of a source's `classes`.

    Raises DataError for a value that stands for none and is not 255.
    """
    counts = np.bincount(numbers.ravel(), minlength=256)
    found = {number: int(counts[number]) for number in range(1, OWN) if counts[number]}
    if found and max(found) > len(classes):
        raise DataError(f"holds {max(found)}, its source names {len(classes)} classes")
    return found
