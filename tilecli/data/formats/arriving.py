"""Sources whose masks are annotations of another tool: which format it is, and the layout once the masks are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tilecli.data.batch import is_indexed, read_indexed
from tilecli.data.formats import coco, voc, yolo
from tilecli.data.layouts import DEFAULT_GOOD, Layout, UnknownLayoutError, list_files, recognise
from tilecli.data.names import good_types, is_photo_name

_ANNOTATIONS = (".json", ".xml", ".txt", ".yaml", ".yml")


def recognise_any(folder: Path, work: Path, good: Iterable[str] = DEFAULT_GOOD) -> Layout:
    """`layouts.recognise`, and where that knows nothing COCO, YOLO-seg and VOC; masks are drawn into `work`.

    A folder with an index of its own (a batch, a dataset) is what that says. Raises DataError where nothing is known,
    or an annotation makes no sense.
    """
    if is_indexed(folder):
        return read_indexed(folder)
    try:
        return recognise(folder, good)
    except UnknownLayoutError:
        names, types = list_files(folder), good_types(good)
        found = voc.read(folder, names, types) or yolo.read(folder, names, work, types)
        found = found or coco.read(folder, names, work, types)
        if found is None:
            raise
        return found


def is_wanted(name: str) -> bool:
    """Whether the file of an archive is a photo, a mask or what may say where the defects are."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
    return is_photo_name(name) or (name.lower().endswith(_ANNOTATIONS) and not hidden)


def may_be_annotated(names: Iterable[str]) -> bool:
    """Whether files of these names could be one of the formats, which only their contents tell."""
    return any(name.lower().endswith((".json", ".xml")) or "/labels/" in f"/{name}" for name in names)
