"""Text on pictures, in OpenCV's own fonts: nothing to install, the same on every machine."""

from __future__ import annotations

import numpy as np

from tilecli.data.preprocess import Uint8
from tilecli.opencv import cv2

Colour = tuple[int, int, int]

REGULAR, BOLD = 400, 700
# OpenCV 5 brings a real typeface; before that there are only stroke fonts, without letters beyond ASCII.
_TYPEFACE = cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None
_STROKE = cv2.FONT_HERSHEY_SIMPLEX
_STROKE_HEIGHT_PX = 30.0  # of that font at scale 1, with what hangs below the line
_ASCII = str.maketrans({"·": "-", "×": "x", "−": "-", "–": "-", "…": "..."})


def write(image: Uint8, text: str, at: tuple[int, int], size: int, colour: Colour, weight: int = REGULAR) -> None:
    """Draw `text` into an H×W×3 RGB image with its baseline starting at `at` (x, y), `size` px high."""
    if _TYPEFACE is not None:
        cv2.putText(image, text, at, colour, _TYPEFACE, size, weight)
        return
    thickness = 2 if weight >= BOLD else 1
    cv2.putText(image, _plain(text), at, _STROKE, size / _STROKE_HEIGHT_PX, colour, thickness, cv2.LINE_AA)


def width(text: str, size: int, weight: int = REGULAR) -> int:
    """Width of `text` in px."""
    if _TYPEFACE is not None:
        box = cv2.getTextSize((0, 0), text, (0, 0), _TYPEFACE, size, weight)
        return int(box[0] + box[2])
    thickness = 2 if weight >= BOLD else 1
    return int(cv2.getTextSize(_plain(text), _STROKE, size / _STROKE_HEIGHT_PX, thickness)[0][0])


def fit(text: str, size: int, room: int, weight: int = REGULAR) -> str:
    """`text`, cut short with an ellipsis where it is wider than `room` px."""
    if width(text, size, weight) <= room:
        return text
    # Halving finds the longest beginning that fits.
    short, long = 0, len(text)
    while long - short > 1:
        middle = (short + long) // 2
        if width(text[:middle] + "…", size, weight) <= room:
            short = middle
        else:
            long = middle
    return text[:short] + "…"


def _plain(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def canvas(height: int, width_px: int, colour: Colour) -> Uint8:
    """An H×W×3 RGB image of one colour."""
    return np.full((height, width_px, 3), colour, np.uint8)
