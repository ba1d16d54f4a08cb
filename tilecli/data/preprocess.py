"""From a photo file to the network's input and back: the one function that training, evaluation, prediction and
serving share. NumPy and OpenCV only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli.errors import DataError
from tilecli.opencv import cv2

Uint8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

MULTIPLE = 32  # networks halve their input up to five times


@dataclass(frozen=True)
class InputContract:
    """What a network expects of its input; stored in the bundle."""

    short_side: int = 0  # px; 0 keeps the photo's own scale
    multiple: int = MULTIPLE  # height and width are padded to multiples of this, px
    mean: tuple[float, ...] = (0.5,)  # per channel, of values scaled to 0–1
    std: tuple[float, ...] = (0.25,)
    channels: int = 1


@dataclass(frozen=True)
class Placement:
    """Where the photo lies in the network's input, to bring a map back to the photo's own size."""

    photo_size: tuple[int, int]  # height, width of the photo, px
    scaled_size: tuple[int, int]  # height, width after scaling, before padding, px


def decode_photo(data: bytes, channels: int, name: str = "photo") -> Uint8:
    """Decode an image file's bytes to H×W×C uint8 (C = `channels`, RGB order), upright.

    Greys, RGB, RGBA (alpha is dropped), 16-bit (scaled by the file's range) and EXIF rotation are understood.
    Raises DataError when the bytes are no image that OpenCV can read.
    """
    raw: npt.NDArray[np.generic] | None = None
    if data:
        buffer = np.frombuffer(data, np.uint8)
        try:
            # IMREAD_COLOR keeps EXIF rotation; ANYDEPTH keeps 16 bits to scale them here rather than to cut them.
            raw = cv2.imdecode(
                buffer, cv2.IMREAD_ANYDEPTH | (cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR)
            )
        except cv2.error as error:
            raise DataError(f"this image cannot be decoded: {str(error).strip()}", where=name) from error
    if raw is None or raw.size == 0:
        raise DataError("this is no image that can be read", where=name)
    photo = to_uint8(raw)
    if photo.ndim == 2:
        photo = photo[:, :, None]
    return np.ascontiguousarray(photo[:, :, ::-1]) if channels == 3 else photo


def read_photo(path: Path, channels: int) -> Uint8:
    """`decode_photo` for a file; raises DataError that names it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    return decode_photo(data, channels, str(path))


def to_uint8(raw: npt.NDArray[np.generic]) -> Uint8:
    """Bring any depth to 8 bits.

    A 16-bit file may hold 10-, 12- or 16-bit values: the smallest of those ranges that holds its maximum counts as
    white, so that a 12-bit camera's photo is not almost black. Floats are taken as 0–1 where they fit, else scaled.
    """
    if raw.dtype == np.uint8:
        return np.asarray(raw, np.uint8)
    values = np.nan_to_num(raw.astype(np.float32))
    top = float(values.max(initial=0.0))
    if np.issubdtype(raw.dtype, np.floating):
        white = 1.0 if top <= 1.0 else top
    else:
        white = next((float(2**bits - 1) for bits in (8, 10, 12, 16) if top <= 2**bits - 1), top)
    return np.asarray(np.clip(np.rint(values * (255.0 / white)), 0, 255), np.uint8)


def scaled_size(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Height and width, px, with the short side brought to `short_side` (0: unchanged) at the same aspect ratio."""
    if short_side == 0 or min(height, width) == short_side:
        return height, width
    scale = short_side / min(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def input_size(height: int, width: int, contract: InputContract) -> tuple[int, int]:
    """Height and width, px, of the network's input for a photo of that size: scaled and padded as `to_input` does."""
    high, wide = scaled_size(height, width, contract.short_side)
    return high + -high % contract.multiple, wide + -wide % contract.multiple


def resize_photo(photo: Uint8, size: tuple[int, int]) -> Uint8:
    """Resize an H×W×C photo to (height, width), averaging when it shrinks."""
    if photo.shape[:2] == size:
        return photo
    method = cv2.INTER_AREA if size[0] < photo.shape[0] else cv2.INTER_LINEAR
    resized = cv2.resize(photo, (size[1], size[0]), interpolation=method)
    return np.asarray(resized if resized.ndim == 3 else resized[:, :, None], np.uint8)


def resize_mask(mask: Uint8, size: tuple[int, int]) -> Uint8:
    """Resize an H×W mask of 0 and 1, or of types from 1, to (height, width).

    A pixel at least half covered stays defect; where several types cover it, of the one that covers most.
    """
    if mask.shape == size:
        return mask
    method = cv2.INTER_AREA if size[0] < mask.shape[0] else cv2.INTER_LINEAR

    def share(inside: npt.NDArray[np.generic]) -> Float32:
        return np.asarray(cv2.resize(inside.astype(np.float32), (size[1], size[0]), interpolation=method), np.float32)

    defect = np.asarray(share(mask > 0) >= 0.5, np.uint8)
    types = [int(number) for number in np.unique(mask) if number > 1]
    if not types:
        return defect
    numbers = np.asarray([1, *types], np.uint8)
    most = np.argmax([share(mask == number) for number in numbers], axis=0)
    return np.asarray(defect * numbers[most], np.uint8)


def pad(values: Uint8, below: int, right: int) -> Uint8:
    """An H×W or H×W×C array grown by `below` rows and `right` columns that repeat its last ones.

    Repeated and not reflected: reflection turns the dark margin beside a part into a dark band between two bright
    parts, which looks like a defect and was taken for one.
    """
    if not below and not right:
        return values
    padded = cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(padded.reshape(padded.shape[:2] + values.shape[2:]), np.uint8)


def normalise(photo: Uint8, contract: InputContract) -> Float32:
    """H×W×C uint8 → C×H×W float32 with the contract's mean and std."""
    scale = np.asarray([1 / (255.0 * s) for s in contract.std], np.float32)
    shift = np.asarray([m / s for m, s in zip(contract.mean, contract.std, strict=True)], np.float32)
    return np.ascontiguousarray((photo * scale - shift).transpose(2, 0, 1), dtype=np.float32)


def to_input(photo: Uint8, contract: InputContract) -> tuple[Float32, Placement]:
    """H×W×C uint8 photo → C×H'×W' float32 network input and the placement to undo it.

    Scaled to the contract's short side at its own aspect ratio, then padded right and below (see `pad`) to multiples
    of the contract's `multiple`. Nothing is cropped: defects at the edges count.
    """
    height, width = photo.shape[:2]
    size = scaled_size(height, width, contract.short_side)
    padded = input_size(height, width, contract)
    scaled = pad(resize_photo(photo, size), padded[0] - size[0], padded[1] - size[1])
    return normalise(scaled, contract), Placement((height, width), size)


def to_photo(values: Float32, placement: Placement) -> Float32:
    """H'×W' map over the network's input → H×W map at the photo's own size (bilinear where scales differ)."""
    height, width = placement.scaled_size
    values = values[:height, :width]
    if placement.scaled_size == placement.photo_size:
        return np.ascontiguousarray(values, dtype=np.float32)
    size = placement.photo_size
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
