"""Pastes defects of other training photos into good crops, with their masks.

Good photos are many and defects few: a defect seen on fifty surfaces is learnt as a defect, and not as part of the one
surface it was found on (Ghiasi et al., Simple Copy-Paste, CVPR 2021, for instances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli.data import crops
from tilecli.data.crops import Crop
from tilecli.data.photos import Held
from tilecli.data.pieces import Piece, cut_pieces
from tilecli.data.preprocess import Float32, Uint8
from tilecli.layout import GOOD
from tilecli.opencv import cv2

_SCALES = 0.8, 1.25  # of a pasted defect; beyond, its texture no longer fits the surface's
_STRETCH = 0.7, 1.4  # of one that reaches from edge to edge, to do so in its new photo
_TURN = 10.0  # degrees; no more, because surfaces are ground along one direction
_SMOOTH = 13  # px, side of the mean, taken twice, that leaves of a surface its brightness
_GAIN = 0.8, 1.25  # of a defect's contrast, where the new surface is smoother or coarser than its own
_LEAST_LIGHT = 0.6  # of the photo's median; darker is the background beside the part, where nothing would show
_TRIES = 4


@dataclass(frozen=True)
class Paste:
    """A piece and where it goes: `matrix` (2×3) takes its (x, y) to those of the photo `index`, px."""

    piece: Piece
    matrix: npt.NDArray[np.float64]
    crop: Crop  # of the photo, with the defect in sight


class Injector:
    """Chooses what is pasted where, types balanced as in `CropSampler`, and pastes it."""

    def __init__(self, photos: Sequence[Held], *, size: int, balance: float, blend: str) -> None:
        """`photos` are all training photos; `size` a crop's side in px; `blend` is `alpha` or `poisson`."""
        self._size, self._blend = size, blend
        kinds: dict[str, dict[str, list[Piece]]] = {}
        counts: dict[str, int] = {}
        for held in photos:
            if held.defect != GOOD and (pieces := cut_pieces(held)):
                kinds.setdefault(held.defect, {}).setdefault(held.tile, []).extend(pieces)
                counts[held.defect] = counts.get(held.defect, 0) + 1
        self.pieces = {kind: [piece for own in tiles.values() for piece in own] for kind, tiles in kinds.items()}
        self._kinds = [list(kinds[kind].values()) for kind in sorted(kinds)]
        photos_of = np.asarray([counts[kind] for kind in sorted(kinds)], np.float64)
        if self._kinds:
            self._weights = (1 - balance) * photos_of / photos_of.sum() + balance / len(self._kinds)
        self._light = [float(np.median(held.photo)) for held in photos]
        self._photos = photos

    def draw(self, index: int, rng: np.random.Generator) -> Paste | None:
        """What to paste into the photo `index`, and a crop of it that shows it; None where no place was found."""
        if not self._kinds:
            return None
        tiles = self._kinds[rng.choice(len(self._kinds), p=self._weights)]
        photo = self._photos[index].photo
        height, width = photo.shape[:2]
        for _ in range(_TRIES):
            pieces = tiles[rng.integers(len(tiles))]
            piece = pieces[rng.integers(len(pieces))]
            matrix = _place(piece, height, width, rng)
            if matrix is None:
                continue
            spot = int(piece.places[rng.integers(len(piece.places))])
            x, y = matrix @ (spot % piece.mask.shape[1], spot // piece.mask.shape[1], 1.0)
            if not (0 <= round(y) < height and 0 <= round(x) < width):
                continue
            around = photo[max(0, round(y) - 8) : round(y) + 9, max(0, round(x) - 8) : round(x) + 9]
            if float(around.mean()) < _LEAST_LIGHT * self._light[index]:
                continue
            # Photos may be padded to more than their own size below and to the right, never to less than a crop.
            high, wide = max(height, self._size), max(width, self._size)
            return Paste(piece, matrix, crops.around(index, round(y), round(x), self._size, high, wide, rng))
        return None

    def paste(self, paste: Paste, photo: Uint8, mask: Uint8) -> tuple[Uint8, Uint8]:
        """S×S×C crop and its S×S mask → copies with the defect in them. The same arguments give the same result."""
        crop, size = paste.crop, self._size
        height, width = self._photos[crop.index].photo.shape[:2]
        # Only what is photo: what lies beyond repeats the photo's last row and column, with or without a defect.
        high, wide = min(size, height - crop.y), min(size, width - crop.x)
        photo, mask = photo.copy(), mask.copy()
        matrix = paste.matrix - [[0, 0, crop.x], [0, 0, crop.y]]
        rows, columns = _window(matrix, paste.piece, high, wide)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return photo, mask
        matrix = matrix - [[0, 0, columns.start], [0, 0, rows.start]]
        shape = (columns.stop - columns.start, rows.stop - rows.start)
        alpha = cv2.warpAffine(paste.piece.alpha, matrix, shape, flags=cv2.INTER_LINEAR)
        ratio = cv2.warpAffine(
            paste.piece.ratio, matrix, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).reshape(shape[1], shape[0], -1)
        own = cv2.warpAffine(paste.piece.mask.astype(np.float32), matrix, shape, flags=cv2.INTER_LINEAR) >= 0.5
        piece = paste.piece
        on_edge = piece.top or piece.bottom or piece.left or piece.right
        # Beyond the edge there is nothing that could hold a rim: there the gradients drown in the surface's brightness.
        blend = _poisson if self._blend == "poisson" and not on_edge else _alpha
        photo[rows, columns] = blend(photo[rows, columns], ratio, alpha, piece.grain)
        mask[rows, columns][own] = piece.kind
        photo[high:], mask[high:] = photo[high - 1], mask[high - 1]
        photo[:, wide:], mask[:, wide:] = photo[:, wide - 1 : wide], mask[:, wide - 1 : wide]
        return photo, mask


def _place(piece: Piece, height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float64] | None:
    """Mirrored, scaled, turned a little, and somewhere in a photo of height × width px; on an edge what is from one.

    None where a piece that reaches from edge to edge is too short for that here.
    """
    h, w = piece.mask.shape
    mirror_y, mirror_x = (bool(value) for value in rng.integers(2, size=2))
    top, bottom = (piece.bottom, piece.top) if mirror_y else (piece.top, piece.bottom)
    left, right = (piece.right, piece.left) if mirror_x else (piece.left, piece.right)
    scale = float(np.exp(rng.uniform(*np.log(_SCALES))))
    angle = 0.0 if top or bottom or left or right else np.radians(rng.uniform(-_TURN, _TURN))
    along_y, along_x = _along(h, height, scale, top, bottom, rng), _along(w, width, scale, left, right, rng)
    if along_y is None or along_x is None:
        return None
    (scale_y, centre_y), (scale_x, centre_x) = along_y, along_x
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([-scale_x if mirror_x else scale_x, -scale_y if mirror_y else scale_y])
    shift = np.asarray([centre_x, centre_y]) - linear @ [(w - 1) / 2, (h - 1) / 2]
    return np.column_stack([linear, shift])


def _along(
    extent: int, room: int, scale: float, first: bool, last: bool, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Scale and centre, px, of a piece of `extent` px along one side of a photo that has `room` px there.

    first, last: whether the piece lies on the edge where this side begins, and where it ends.
    """
    anywhere = float(rng.random())
    if first and last:
        if room / extent > _STRETCH[1]:
            return None
        scale, first, last = max(room / extent, _STRETCH[0]), False, False
    half = (scale * extent - 1) / 2
    if first or last:
        return scale, half if first else room - 1 - half
    return scale, half + anywhere * (room - 1 - 2 * half)


def _window(matrix: npt.NDArray[np.float64], piece: Piece, high: int, wide: int) -> tuple[slice, slice]:
    """The rows and columns of a crop, of its first `high` and `wide`, that the piece can reach."""
    h, w = piece.mask.shape
    corners = matrix @ np.asarray([[0, w - 1, 0, w - 1], [0, 0, h - 1, h - 1], [1, 1, 1, 1]])
    (first_x, first_y), (last_x, last_y) = np.floor(corners.min(axis=1)), np.ceil(corners.max(axis=1)) + 1
    return slice(max(0, int(first_y)), min(high, int(last_y))), slice(max(0, int(first_x)), min(wide, int(last_x)))


def _matched(target: Float32, ratio: Float32, grain: float) -> Float32:
    """The defect as it would look on the target's surface: its brightness times the ratio, at its contrast.

    Not the target's pixels times the ratio: that would lay one texture over the other.
    """
    # Two means in place of a Gaussian, at a tenth of its time.
    surface = target
    for _ in range(2):
        surface = cv2.blur(surface, (_SMOOTH, _SMOOTH), borderType=cv2.BORDER_REPLICATE)
    surface = surface.reshape(target.shape)
    own_grain = float((target / (surface + 1)).std())
    gain = float(np.clip(own_grain / grain, *_GAIN)) if grain > 0 else 1.0
    return np.asarray(np.clip(surface * (1 + gain * (ratio - 1)), 0, 255), np.float32)


def _alpha(target: Uint8, ratio: Float32, alpha: Float32, grain: float) -> Uint8:
    """The defect, faded into the target along its rim."""
    values = target.astype(np.float32)
    mixed = values + alpha[:, :, None] * (_matched(values, ratio, grain) - values)
    return np.asarray(np.rint(mixed), np.uint8)


def _poisson(target: Uint8, ratio: Float32, alpha: Float32, grain: float) -> Uint8:
    """The piece's gradients, its rim held to the target's pixels (Pérez et al., SIGGRAPH 2003)."""
    inside = (alpha > 0).astype(np.uint8)
    if not inside.any():
        return target
    channels = target.shape[2]
    source = np.rint(_matched(target.astype(np.float32), ratio, grain)).astype(np.uint8)
    # OpenCV wants colours, a rim of at least a pixel around the region, and the middle of the region's box.
    around = [cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_REPLICATE) for image in (source, target)]
    if channels == 1:
        around = [cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) for image in around]
    region = cv2.copyMakeBorder(inside * 255, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0)
    x, y, w, h = cv2.boundingRect(region)
    cloned = cv2.seamlessClone(around[0], around[1], region, (x + w // 2, y + h // 2), cv2.NORMAL_CLONE)
    return np.asarray(cloned[2:-2, 2:-2, :channels], np.uint8)
