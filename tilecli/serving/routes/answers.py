"""What was found on a photo, in the forms that clients ask for. Nothing here waits or measures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilecli.data.preprocess import Float32, Uint8
from tilecli.evaluation import overlays, type_overlays
from tilecli.inference.predictor import Prediction
from tilecli.inference.regions import Region
from tilecli.layout import GOOD
from tilecli.opencv import cv2

Form = Literal["json", "png", "overlay", "rle", "regions"]
PNG = "image/png"
_DIGITS = 6
_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1]  # masks are mostly empty: more effort wins little and takes long


@dataclass(frozen=True)
class Answer:
    """A body and its media type."""

    body: bytes
    media_type: str


def mask_json(mask: Uint8) -> bytes:
    """`{"pred":[[0,1,…],…]}` of an H×W mask of 0 and 1, as the articles' clients read it.

    Made of bytes and not of numbers: a list of a million Python integers takes seconds to write.
    """
    height, width = mask.shape
    line = np.full((height, 2 * width + 2), ord(","), np.uint8)
    line[:, 0] = ord("[")
    line[:, 1:-1:2] = mask + ord("0")
    line[:, -2] = ord("]")
    return b'{"pred":[' + line.tobytes()[:-1] + b"]}"


def png(image: Uint8) -> bytes:
    """An H×W or H×W×3 (RGB) image as PNG."""
    pixels = image[:, :, ::-1] if image.ndim == 3 else image
    _, data = cv2.imencode(".png", np.ascontiguousarray(pixels), _QUICK)
    return data.tobytes()


def mask_png(mask: Uint8) -> bytes:
    """An H×W mask of 0 and 1 as an 8-bit grey PNG of 0 and 255."""
    return png(mask * np.uint8(255))


def probability_png(probability: Float32) -> bytes:
    """An H×W map of 0–1 as an 8-bit grey PNG, 255 for 1."""
    return png(np.rint(probability * 255).astype(np.uint8))


def overlay_png(photo: Uint8, mask: Uint8, types: Uint8 | None = None) -> bytes:
    """The photo (H×W×C) with the mask drawn over it; with `types` (H×W numbers of classes) each in its colour."""
    return png(overlays.overlay(photo, mask) if types is None else type_overlays.overlay(photo, types))


def types_png(prediction: Prediction) -> bytes:
    """The number of each pixel's likeliest class, from 1, as an 8-bit grey PNG; 0 where none are told apart."""
    return png(prediction.mask * np.uint8(0) if prediction.likeliest is None else prediction.likeliest)


def data_url(body: bytes) -> str:
    """A PNG for a page to show."""
    return f"data:{PNG};base64,{base64.b64encode(body).decode('ascii')}"


def run_lengths(mask: Uint8) -> dict[str, Any]:
    """COCO's uncompressed run-length code of an H×W mask: column by column, runs of 0 and 1 in turn, 0 first."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    ends = np.concatenate([changes, [flat.size]])
    counts = np.diff(np.concatenate([[0], ends])).tolist()
    return {"size": list(mask.shape), "counts": counts if flat[0] == 0 else [0, *counts]}


def regions(prediction: Prediction) -> list[dict[str, Any]]:
    """Each region with its box, area, mean probability and outline (of its outer edge, pixel centres, px)."""
    outlines = _outlines(prediction.mask)
    return [
        {
            "box": list(region.box),
            "area_px": region.area_px,
            "mean_probability": round(region.mean_probability, _DIGITS),
            **region.named(_DIGITS),
            "polygon": _take(outlines, region),
        }
        for region in prediction.regions
    ]


def type_of(prediction: Prediction, classes: Sequence[str]) -> dict[str, Any]:
    """The photo's own type, null on a good one, and all there are, where types are told apart."""
    if prediction.likeliest is None:
        return {}
    return {"type": None if prediction.verdict == GOOD else prediction.type, "classes": list(classes)}


def _outlines(mask: Uint8) -> dict[tuple[int, ...], list[list[list[int]]]]:
    """Box → the outlines of the regions that have it."""
    # Two levels: a region that lies in the hole of another one is a region, too.
    contours, levels = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found: dict[tuple[int, ...], list[list[list[int]]]] = {}
    for contour, level in zip(contours, levels[0] if levels is not None else (), strict=True):
        if level[3] < 0:
            found.setdefault(tuple(cv2.boundingRect(contour)), []).append(contour[:, 0].tolist())
    return found


def _take(outlines: dict[tuple[int, ...], list[list[list[int]]]], region: Region) -> list[list[int]]:
    """The outline of a region; where two have one box (rare: one winds around the other), each gets one."""
    same = outlines.get(region.box)
    return same.pop() if same else []
