"""A batch: a folder of checked photos with an index of its own, the form in which photos join a dataset later.

`images/<photo>.<ext>`, `masks/<photo>.png` (0 and 255; none for good photos), `index.csv` with the columns of a
dataset's, and `batch.json`, which says whose it is. This module reads and writes the form; what becomes a batch is
decided in `tilecli.versions`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tilecli import files
from tilecli.data.index import COLUMNS, read_index
from tilecli.data.layouts import Layout, Record
from tilecli.errors import DataError
from tilecli.layout import BATCHES

INDEX, FACTS = "index.csv", "batch.json"
LAYOUT = "indexed photos"


@dataclass(frozen=True)
class Facts:
    """What batch.json says. Its keys are a contract: add freely, rename never."""

    name: str
    created: str  # ISO date and time
    by: str
    origin: str  # where the photos came from: a folder, an archive, a tool
    note: str = ""
    relabels: bool = False  # masks and types replace those of known photos of the same name
    # Of a batch that was labelled here: photo → `action` (corrected, added, confirmed, rejected), `defect`, `at`,
    # `reason`. Also photos that are not in the batch, as nothing was to be changed or they were rejected.
    photos: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def write_facts(folder: Path, facts: Facts) -> None:
    """Write the folder's batch.json; without `photos` where nobody says anything of them."""
    values = {key: value for key, value in asdict(facts).items() if key != "photos" or value}
    files.write_json(folder / FACTS, values)


def read_facts(folder: Path) -> Facts:
    """The folder's batch.json; keys that are not known here are passed over. DataError where it cannot be read."""
    path = folder / FACTS
    try:
        return parse_facts(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the batch's own description cannot be read: {error}", where=str(path)) from error


def parse_facts(text: str, where: str) -> Facts:
    """`read_facts` for a text; `where` names it in errors."""
    try:
        values: Any = json.loads(text)
        if not isinstance(values, Mapping):
            raise ValueError("it is no mapping")
        words = {name: str(values.get(name) or "") for name in ("name", "created", "by", "origin", "note")}
        photos = values.get("photos")
        said = {name: dict(facts) for name, facts in photos.items()} if isinstance(photos, Mapping) else {}
        return Facts(**words, relabels=values.get("relabels") is True, photos=said)
    except (ValueError, TypeError) as error:
        raise DataError(f"the batch's own description is damaged: {error}", where=where) from error


def is_batch(text: str) -> bool:
    """Whether a word in `data.sources` stands for one of the project's own batches."""
    return PurePosixPath(text).parent == PurePosixPath(BATCHES)


def is_indexed(folder: Path) -> bool:
    """Whether the folder has the form of a batch (or of a dataset), so that its index says what is in it."""
    try:
        with (folder / INDEX).open(encoding="utf-8") as stream:
            header = stream.readline().strip().split(",")
    except (OSError, UnicodeDecodeError):
        return False
    return set(COLUMNS) <= set(header)


def read_indexed(folder: Path) -> Layout:
    """The photos that the folder's index lists, under the names, types and exposures that it gives them."""
    photos = read_index(folder / INDEX)
    if not photos:
        raise DataError("the index lists no photo", where=str(folder / INDEX))
    for photo in photos:
        for name in (photo.image, photo.mask):
            if name.startswith("/") or ".." in name.split("/"):
                raise DataError(f"the index names a file outside its folder: {name}", where=str(folder / INDEX))
    records = [
        Record(photo.image, photo.mask or None, photo.defect, name=photo.photo, exposure=photo.exposure)
        for photo in photos
    ]
    relabels = (folder / FACTS).is_file() and read_facts(folder).relabels
    return Layout(LAYOUT, folder, tuple(records), relabels=relabels)
