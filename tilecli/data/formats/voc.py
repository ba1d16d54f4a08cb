"""Pascal VOC: JPEGImages, SegmentationClass (PNG with VOC's palette), Annotations (boxes), ImageSets, labelmap.txt."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from tilecli import files
from tilecli.data.catalog import Uint8
from tilecli.data.formats.leaving import NAMES, Leaving, types_of
from tilecli.data.formats.shapes import objects
from tilecli.data.layouts import Layout, Record
from tilecli.data.names import defect_type, is_photo_name
from tilecli.errors import DataError
from tilecli.layout import GOOD
from tilecli.opencv import cv2

NAME = "Pascal VOC"
_PHOTOS, _MASKS, _BOXES = "JPEGImages", "SegmentationClass", "Annotations"
_MOST_CLASSES = 254  # 0 is the background, 255 "void"


def write(folder: Path, leaving: Sequence[Leaving]) -> None:
    """Write `leaving` into `folder`."""
    kinds = types_of(leaving)
    if len(kinds) > _MOST_CLASSES:
        raise DataError(f"VOC has room for {_MOST_CLASSES} types, and there are {len(kinds)}")
    colours = _palette()
    for name in (_PHOTOS, _MASKS, _BOXES, "ImageSets/Segmentation"):
        (folder / name).mkdir(parents=True)
    lists: dict[str, list[str]] = defaultdict(list)
    for one in leaving:
        stem, mask = Path(one.file).stem, one.mask()
        one.copy(folder / _PHOTOS / one.file)
        # Only the type of a photo that marks something needs a class.
        number = kinds.index(one.photo.defect) + 1 if mask.any() else 0
        (folder / _MASKS / f"{stem}.png").write_bytes(_indexed_png(mask * np.uint8(number), colours))
        files.write_text(folder / _BOXES / f"{stem}.xml", _annotation(one, mask))
        lists[NAMES[one.subset]].append(stem)
    for subset, stems in lists.items():
        files.write_text(folder / "ImageSets" / "Segmentation" / f"{subset}.txt", "".join(f"{s}\n" for s in stems))
    rows = [f"{kind}:{','.join(map(str, colours[n]))}::" for n, kind in enumerate(["background", *kinds])]
    files.write_text(folder / "labelmap.txt", "".join(f"{row}\n" for row in ["# label:color_rgb:parts:actions", *rows]))


def read(folder: Path, names: Sequence[str], good: frozenset[str]) -> Layout | None:
    """The layout of `folder`, whose masks are files as they are; None where it is no VOC."""
    photos = [name for name in names if is_photo_name(name) and _PHOTOS in name.split("/")[:-1]]
    have = set(names)
    masks = {name for name in names if _MASKS in name.split("/")[:-1]}
    if not photos or not masks:
        return None
    records = []
    for name in photos:
        stem = PurePosixPath(name).with_suffix("")
        base = "/".join(name.split("/")[: name.split("/").index(_PHOTOS)])
        mask, boxes = (
            (PurePosixPath(base) / kind / f"{stem.name}.{ending}").as_posix()
            for kind, ending in ((_MASKS, "png"), (_BOXES, "xml"))
        )
        if mask not in masks:
            continue  # most photos of the real VOC have boxes alone
        kind = _kind(folder / boxes) if boxes in have else None
        records.append(Record(name, mask, defect_type(kind, good) if kind else None))
    return Layout(NAME, folder, tuple(records)) if records else None


def _annotation(one: Leaving, mask: Uint8) -> str:
    top = ET.Element("annotation")
    photo = one.photo
    for key, value in (("folder", _PHOTOS), ("filename", one.file), ("segmented", "1"), ("defect", photo.defect)):
        ET.SubElement(top, key).text = value
    size = ET.SubElement(top, "size")
    for key, length in (("width", photo.width), ("height", photo.height), ("depth", 3)):
        ET.SubElement(size, key).text = str(length)
    for part in objects(mask):
        found = ET.SubElement(top, "object")
        x, y, width, height = cv2.boundingRect(part)
        for key, value in (("name", photo.defect), ("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            ET.SubElement(found, key).text = value
        box = ET.SubElement(found, "bndbox")
        for key, place in (("xmin", x + 1), ("ymin", y + 1), ("xmax", x + width), ("ymax", y + height)):
            ET.SubElement(box, key).text = str(place)
    ET.indent(top)
    return ET.tostring(top, encoding="unicode") + "\n"


def _kind(path: Path) -> str | None:
    """The photo's type: as our own element says it, else of the largest box; good where there is no object."""
    top = _tree(path)
    own = top.findtext("defect")
    if own:
        return own
    areas: dict[str, float] = defaultdict(float)
    for found in top.iter("object"):
        box = found.find("bndbox")
        sides = [float(box.findtext(key) or 0) for key in ("xmin", "ymin", "xmax", "ymax")] if box is not None else []
        name = found.findtext("name") or ""
        areas[name] += (sides[2] - sides[0] + 1) * (sides[3] - sides[1] + 1) if sides else 0.0
    return max(areas, key=lambda name: areas[name]) if areas else GOOD


def _tree(path: Path) -> ET.Element:
    try:
        text = path.read_text(encoding="utf-8")
        # Entities are all that makes XML dangerous, and VOC has none.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DataError("an annotation defines entities", where=str(path))
        return ET.fromstring(text)  # noqa: S314
    except (OSError, UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise DataError(f"an annotation cannot be read: {error}", where=str(path)) from error


def _palette() -> list[tuple[int, int, int]]:
    """VOC's colours: the bits of a class's number, dealt to red, green and blue in turn, highest first."""
    colours = []
    for number in range(256):
        channels = [0, 0, 0]
        for place in range(8):
            for channel in range(3):
                channels[channel] |= ((number >> (3 * place + channel)) & 1) << (7 - place)
        colours.append((channels[0], channels[1], channels[2]))
    return colours


def _indexed_png(indices: Uint8, colours: Sequence[tuple[int, int, int]]) -> bytes:
    """H×W indices as a PNG with a palette, which OpenCV cannot write and VOC's tools expect (PNG, 3rd ed., W3C)."""
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)  # a 0 before each row: no filter
    rows[:, 1:] = indices

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = bytes(value for colour in colours for value in colour)
    body = zlib.compress(rows.tobytes(), 9)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)
