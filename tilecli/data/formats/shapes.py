"""Masks as runs (COCO) and as polygons (YOLO-seg), there and back without losing a pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tilecli.data.catalog import Uint8
from tilecli.errors import DataError
from tilecli.opencv import cv2

Points = npt.NDArray[np.int32]  # N×2, x and y of pixels


def objects(mask: Uint8) -> Iterator[Uint8]:
    """Each connected part (eight neighbours) of an H×W mask of 0 and 1, as a mask of its own."""
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    for label in range(1, count):
        yield np.asarray(labels == label, np.uint8)


def to_runs(mask: Uint8) -> list[int]:
    """Lengths of runs down the columns, in turn of 0 and of 1, as COCO's uncompressed RLE has them."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def from_runs(runs: Sequence[int] | str, height: int, width: int) -> Uint8:
    """The mask of COCO's RLE, given as lengths or as its compressed text. Raises DataError for a wrong length."""
    lengths = _decompress(runs) if isinstance(runs, str) else list(runs)
    if min(lengths, default=0) < 0 or sum(lengths) != height * width:
        raise DataError(f"an RLE mask has {sum(lengths)} pixels, its photo {height * width}")
    flat = np.repeat(np.arange(len(lengths)) % 2, lengths)
    return np.asarray(flat.reshape((height, width), order="F"), np.uint8)


def _decompress(text: str) -> list[int]:
    """COCO's compressed RLE (maskApi.c): five bits to a character, differences to the length two before."""
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value |= -1 << shift
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value = shift = 0
    return lengths


def to_polygons(mask: Uint8) -> list[Points]:
    """Polygons through the outermost pixels of an H×W mask, which `fill` turns into the same mask.

    A polygon has no holes: a part with a hole is cut in two through it, until none has one.
    """
    found: list[Points] = []
    waiting = list(objects(mask))
    while waiting:
        part = waiting.pop()
        contours, tree = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        holes = [contour for contour, place in zip(contours, tree[0], strict=True) if place[3] >= 0]
        if holes:
            # A hole's contour runs along the pixels around it; their middle column crosses it.
            x, _, width, _ = cv2.boundingRect(holes[0])
            left, right = part.copy(), part.copy()
            left[:, x + width // 2 :], right[:, : x + width // 2] = 0, 0
            waiting += [*objects(left), *objects(right)]
            continue
        found.append(contours[0].reshape(-1, 2))
    return sorted(found, key=lambda points: points.min(axis=0).tolist())


def fill(polygons: Iterable[Points], height: int, width: int) -> Uint8:
    """The mask of all pixels that lie inside of a polygon or on it."""
    mask = np.zeros((height, width), np.uint8)
    for points in polygons:
        cv2.fillPoly(mask, [np.asarray(points, np.int32).reshape(-1, 1, 2)], 1)
    return mask
