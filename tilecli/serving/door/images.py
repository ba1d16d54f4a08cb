"""Is this upload a photo that may be decoded? Asked of its first bytes, before any decoder sees it."""

from __future__ import annotations

import io
import os

import imagesize

from tilecli.serving import problems
from tilecli.serving.problems import Problem

FORMATS = "JPEG, PNG, BMP, TIFF or WebP"
SUFFIXES = {"jpeg": ".jpg", "png": ".png", "bmp": ".bmp", "tiff": ".tif", "webp": ".webp"}
_HINT = f"send a {FORMATS} file"


def limit_decoder(pixels: int) -> None:
    """Make OpenCV refuse larger photos as well, whatever their headers said to `check_image`.

    To be called before `tilecli.opencv` is imported, which reads the limit then, once.
    """
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(pixels)


def check_image(data: bytes, max_pixels: int, name: str = "the photo") -> str:
    """The format of an upload, a key of `SUFFIXES`.

    Raises Problem: 400 where there is nothing or only a piece of a photo, 415 for another format, 413 for more than
    `max_pixels`.
    """
    if not data:
        raise Problem(problems.NO_IMAGE, f"{name} has no bytes", _HINT)
    found = sniff(data)
    if found is None:
        raise Problem(problems.WRONG_FORMAT, f"{name} is no {FORMATS} file", _HINT)
    width, height = _size(data)
    if width <= 0 or height <= 0:
        raise Problem(problems.BROKEN_IMAGE, f"the header of {name} ({found.upper()}) cannot be read", _HINT)
    if width * height > max_pixels:
        raise Problem(
            problems.TOO_MANY_PIXELS,
            f"{name} has {width:,} × {height:,} px; up to {max_pixels:,} px in all are taken",
            "send a smaller photo, or a part of it",
        )
    return found


def sniff(data: bytes) -> str | None:
    """The format that the first bytes say; None for any that is not taken."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith((b"II*\0", b"MM\0*")):
        return "tiff"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    # Two letters are little; the header that follows names its own length, too.
    if data.startswith(b"BM") and data[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return "bmp"
    return None


def _size(data: bytes) -> tuple[int, int]:
    """Width and height by the header; (-1, -1) where it does not say."""
    try:
        width, height = imagesize.get(io.BytesIO(data))
        return int(width), int(height)
    except Exception:  # whatever a broken header makes the parser stumble over
        return -1, -1
