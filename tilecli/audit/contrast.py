"""Whether anything can be seen where a mask says that a defect is.

A mask is laid over its own photo at many other places. Where by none of five signs (a step across its edge, slopes
along it, the spread and the steepest slopes inside, an odd middle) it stands out more than at most of those places,
nothing that can be seen tells this place from any other. No sign is enough alone: uneven grinding is a step without an
edge, a crack an edge without a step.

Measured on the real photos: by its best sign, every true mask stands out more than at 90 % of the other places; of
masks turned upside down, half stay below 85 %.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilecli.data.preprocess import Float32, Uint8
from tilecli.opencv import cv2

_PLACES = 40  # that the mask is tried at
_TRIES = 160
_LEAST_PLACES = 20  # on fewer, a share says nothing
_LEAST_SHARE = 0.6  # of the mask's pixels that have to lie on the photo, and beside the true mask
_BAND = 3  # px on either side of the edge
_MOST_POINTS = 800  # of the mask, of either side of its edge; more would only cost time
_BLUR_PX = 1.0  # standard deviation; grain is no edge

_Places = npt.NDArray[np.intp]


def visibility(photo: Uint8, mask: Uint8) -> float | None:
    """Share (0–1) of other places at which the mask would stand out less than where it is, by its best sign.

    photo: H×W grey, mask: H×W of 0 and 1. None where the mask is empty, or too large to be laid elsewhere.
    """
    rng = np.random.default_rng(0)
    parts = [part for part in _parts(mask, rng) if len(part)]
    if len(parts) < 3:
        return None
    smooth = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), _BLUR_PX)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    maps = np.stack([smooth.ravel(), slope.ravel()])
    own = _signs(maps, parts)
    located = [np.divmod(part, mask.shape[1]) for part in parts]
    others = []
    for down, right in rng.integers(-np.array(mask.shape), np.array(mask.shape) + 1, (_TRIES, 2)).tolist():
        moved: list[_Places] = []
        for rows, columns in reversed(located):  # the whole mask first: where it does not fit, nothing does
            moved.insert(0, _moved(rows + down, columns + right, mask))
            if len(moved[0]) < _LEAST_SHARE * len(rows):
                break
        else:
            others.append(_signs(maps, moved))
        if len(others) == _PLACES:
            break
    if len(others) < _LEAST_PLACES:
        return None
    return float((np.array(others) < own).mean(axis=0).max())


def _parts(mask: Uint8, rng: np.random.Generator) -> list[_Places]:
    """Flat indices of some pixels just inside the mask's edge, just outside, and anywhere inside."""
    square = np.ones((2 * _BAND + 1, 2 * _BAND + 1), np.uint8)
    outside = cv2.dilate(mask, square) & (1 - mask)
    # Where the photo ends the mask has no edge.
    inside = mask & (1 - cv2.erode(mask, square, borderType=cv2.BORDER_CONSTANT, borderValue=1))
    found = [np.flatnonzero(part) for part in (inside, outside, mask)]
    return [rng.choice(part, _MOST_POINTS, replace=False) if len(part) > _MOST_POINTS else part for part in found]


def _moved(rows: _Places, columns: _Places, mask: Uint8) -> _Places:
    """Flat indices of those that lie on the photo and not on the true mask."""
    on = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    rows, columns = rows[on], columns[on]
    places: _Places = (rows * mask.shape[1] + columns)[mask[rows, columns] == 0]
    return places


def _signs(maps: Float32, parts: list[_Places]) -> tuple[float, ...]:
    """Five signs of something to be seen, relative to the brightness there."""
    (inner, inner_slope), (outer, outer_slope), (whole, whole_slope) = (maps[:, part] for part in parts)
    scale = float(inner.mean() + outer.mean()) / 2 + 1
    return (
        abs(float(inner.mean() - outer.mean())) / scale,
        float(inner_slope.mean() + outer_slope.mean()) / scale,
        float(whole.std()) / scale,
        float(np.percentile(whole_slope, 90)) / scale,
        abs(float(np.median(whole) - np.median(outer))) / scale,
    )
