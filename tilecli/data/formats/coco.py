"""COCO instances: images/ and annotations/instances_<subset>.json, every object as RLE, which keeps each pixel."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tilecli import files
from tilecli.data.catalog import Uint8
from tilecli.data.formats.leaving import ALL, NAMES, Leaving, types_of
from tilecli.data.formats.marked import Marked, render
from tilecli.data.formats.shapes import fill, from_runs, objects, to_runs
from tilecli.data.layouts import Layout
from tilecli.data.names import is_photo_name
from tilecli.errors import DataError
from tilecli.opencv import cv2

NAME = "COCO"
_KEYS = ("images", "annotations", "categories")
_TYPE = "defect"  # of an image: our own key, for photos whose objects do not say their type


def write(folder: Path, leaving: Sequence[Leaving]) -> None:
    """Write `leaving` into `folder`."""
    kinds = types_of(leaving)
    categories = [{"id": number, "name": kind, "supercategory": "defect"} for number, kind in enumerate(kinds, 1)]
    parts: dict[str, list[Leaving]] = defaultdict(list)
    for one in leaving:
        parts[one.subset].append(one)
    for subset, members in parts.items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, one in enumerate(members, 1):
            one.copy(folder / "images" / one.file)
            photo = one.photo
            image = {"id": number, "file_name": one.file, "width": photo.width, "height": photo.height}
            images.append({**image, _TYPE: photo.defect})
            for part in objects(one.mask()):
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": kinds.index(photo.defect) + 1,
                        "segmentation": {"size": [photo.height, photo.width], "counts": to_runs(part)},
                        "bbox": list(cv2.boundingRect(part)),
                        "area": int(part.sum()),
                        "iscrowd": 0,
                    }
                )
        name = "instances.json" if subset == ALL else f"instances_{NAMES[subset]}.json"
        (folder / "annotations").mkdir(exist_ok=True)
        text = json.dumps({"images": images, "annotations": annotations, "categories": categories}, ensure_ascii=False)
        files.write_text(folder / "annotations" / name, text + "\n")


def read(folder: Path, names: Sequence[str], work: Path, good: frozenset[str]) -> Layout | None:
    """The layout of `folder`, with masks drawn into `work`; None where it is none of COCO's."""
    found = [(name, value) for name in names if name.lower().endswith(".json") and (value := _load(folder / name))]
    if not found:
        return None
    finder = _Finder([name for name in names if is_photo_name(name)])
    marked = [one for name, value in found for one in _marked(name, value, finder)]
    return render(NAME, folder, marked, work, good)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError):
        return None
    return value if isinstance(value, dict) and all(isinstance(value.get(key), list) for key in _KEYS) else None


def _marked(name: str, value: Mapping[str, Any], finder: _Finder) -> list[Marked]:
    try:
        kinds = {one["id"]: str(one["name"]) for one in value["categories"]}
        of_image: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for annotation in value["annotations"]:
            of_image[annotation["image_id"]].append(annotation)
        return [
            Marked(
                finder.find(str(image["file_name"]), name),
                [(kinds[one["category_id"]], one["segmentation"]) for one in of_image[image["id"]]],
                str(image[_TYPE]) if image.get(_TYPE) else None,
                _draw,
            )
            for image in value["images"]
        ]
    except (KeyError, TypeError) as error:
        raise DataError(f"this is no complete COCO file: {error} is missing or unknown", where=name) from error


def _draw(segmentation: Any, height: int, width: int) -> Uint8:
    """One object: RLE, or polygons of continuous coordinates, in which the first pixel reaches from 0 to 1."""
    try:
        if isinstance(segmentation, Mapping):
            if list(segmentation["size"]) != [height, width]:
                raise DataError(f"an RLE mask is of size {segmentation['size']}, its photo [{height}, {width}]")
            return from_runs(segmentation["counts"], height, width)
        most = np.array([width, height]) - 1
        polygons = [np.asarray(one, float).reshape(-1, 2) for one in segmentation]
        return fill([np.clip(np.floor(one), 0, most).astype(np.int32) for one in polygons], height, width)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a segmentation cannot be read: {error}") from error


class _Finder:
    """Photos by the end of their path: an annotation file does not say in which folder they are."""

    def __init__(self, names: Sequence[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for name in names:
            self._by_name[name.rpartition("/")[2]].append(name)

    def find(self, file: str, source: str) -> str:
        """The photo that `source` calls `file`; the nearest to `source` of several. Raises DataError for none."""
        wanted = PurePosixPath(file.replace("\\", "/")).parts
        ends = [
            name
            for name in self._by_name.get(wanted[-1] if wanted else "", [])
            if name.split("/")[-len(wanted) :] == [*wanted]
        ]
        if not ends:
            raise DataError(f"it lists {file}, which is not there", where=source)
        own = source.split("/")[:-1]
        return max(ends, key=lambda name: sum(a == b for a, b in zip(name.split("/"), own, strict=False)))
