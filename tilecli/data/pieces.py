"""Defects cut out of their photos, freed of the photo's brightness: what `tilecli.data.inject` pastes.

A piece holds the ratio of a defect's pixels to the surface around it, since from one exposure to the next brightness
and contrast grow together: what is half as bright as its surroundings stays so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli.data.photos import Held
from tilecli.data.preprocess import Float32, Uint8
from tilecli.opencv import cv2

MARGIN = 8  # px of surroundings that come along, for the feathered rim
_FEATHER = 5.0  # px beyond the mask over which a piece fades: masks are drawn a little tight
_JOIN = 9  # px; parts of a cracked line that lie closer are one object
# A smaller object is a slip of the pen: px, and share of the photo's largest.
_LEAST_PX, _LEAST_PART = 12, 0.02
# Of the photo. Looked at on the magnetic tiles: a band of uneven grinding over half of a photo cannot be told from the
# surface it lies on, neither what is defect nor which brightness is right; pasted, it is a picture of two tiles.
_MOST_SHARE = 0.3
_NEAR_EDGE = 4  # px from the photo's edge: a chip of the edge, which belongs on an edge


@dataclass(frozen=True)
class Piece:
    """One defect with its surroundings, h×w."""

    ratio: Float32  # h×w×C, 1 where the pixel is as bright as the surface
    alpha: Float32  # h×w, 1 on the defect, falling to 0 around it
    mask: Uint8  # h×w, 0/1
    kind: int  # what its pixels are in its photo's mask: 1, or the number of the class that most of them show
    grain: float  # standard deviation of the ratio beside the defect: how coarse the surface was
    places: npt.NDArray[np.int32]  # flat indices of the mask's pixels
    top: bool  # whether it lies on this edge of its photo
    bottom: bool
    left: bool
    right: bool


def cut_pieces(held: Held) -> list[Piece]:
    """The defects of one photo, those left out that are too small or too large to be pasted."""
    height, width = held.mask.shape
    if not held.mask.any():
        return []
    near = cv2.dilate((held.mask > 0).astype(np.uint8), np.ones((_JOIN, _JOIN), np.uint8))
    count, labels = cv2.connectedComponents(near)
    surface = _surface(held.photo, near)
    areas = np.bincount(labels[held.mask > 0], minlength=count)
    least = max(_LEAST_PX, _LEAST_PART * areas.max())
    found = []
    for label in np.flatnonzero((areas >= least) & (areas <= _MOST_SHARE * held.mask.size)):
        own = ((labels == label) & (held.mask > 0)).astype(np.uint8)
        x, y, w, h = cv2.boundingRect(own)
        rows = slice(max(0, y - MARGIN), min(height, y + h + MARGIN))
        columns = slice(max(0, x - MARGIN), min(width, x + w + MARGIN))
        mask = np.ascontiguousarray(own[rows, columns])
        distance = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
        pixels = held.photo[rows, columns].astype(np.float32)
        ratio = np.asarray((pixels + 1) / (surface[rows, columns] + 1), np.float32)
        beside = ratio[near[rows, columns] == 0]
        found.append(
            Piece(
                ratio=ratio,
                alpha=np.asarray(np.clip(1 - distance / _FEATHER, 0, 1), np.float32),
                mask=mask,
                kind=int(np.bincount(held.mask[own > 0]).argmax()),
                grain=float(beside.std()) if beside.size else 0.0,
                places=np.flatnonzero(mask).astype(np.int32),
                top=y <= _NEAR_EDGE,
                bottom=y + h >= height - _NEAR_EDGE,
                left=x <= _NEAR_EDGE,
                right=x + w >= width - _NEAR_EDGE,
            )
        )
    return found


def _surface(photo: Uint8, defect: Uint8) -> Float32:
    """H×W×C brightness as it would be without the defect: a wide mean of the other pixels, wider where none is near.

    Normalised convolution (Knutsson and Westin, CVPR 1993) at rising widths; a pixel takes the first width at which
    enough of what it averages is no defect.
    """
    sound = (1 - defect).astype(np.float32)
    weighted = photo.astype(np.float32) * sound[:, :, None]
    found = np.zeros(photo.shape, np.float32)
    missing = np.ones(defect.shape, bool)
    for sigma in (6, 12, 24, 48, 96):
        weight = cv2.blur(cv2.blur(sound, (2 * sigma + 1,) * 2), (2 * sigma + 1,) * 2)
        mean = cv2.blur(cv2.blur(weighted, (2 * sigma + 1,) * 2), (2 * sigma + 1,) * 2).reshape(photo.shape)
        now = missing & (weight > 0.25)
        found[now] = mean[now] / weight[now][:, None]
        missing &= ~now
        if not missing.any():
            return found
    found[missing] = weighted.sum(axis=(0, 1)) / max(float(sound.sum()), 1.0)
    return found
