"""Perceptual hashes of photos and the distances between them. What counts as the same tile is `tiles`' affair.

The hash is the 32×32 horizontal difference hash of DATA.md: the grey photo is averaged down to 33×32 pixels
(cv2.INTER_AREA on uint8, so means are rounded to whole grey values), and a bit says that a pixel is strictly darker
than its right neighbour. Exposure scales brightness and keeps its order, so photos of one spot keep most bits;
photos of different spots differ in about half of the 1,024.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli.data.preprocess import Uint8, decode_photo
from tilecli.data.threads import in_threads
from tilecli.errors import DataError
from tilecli.opencv import cv2

Words = npt.NDArray[np.uint64]

SIDE = 32  # bits per row and per column
WORDS = SIDE * SIDE // 64  # 64-bit words of one hash
_BLOCK = 2**21  # distances computed at once; with 64-bit scratch words about 32 MB
_THREADS = 4  # decoding is bound by memory beyond this


@dataclass(frozen=True)
class Prints:
    """What identifies each photo: `hashes` N×16 uint64 (what it looks like), `contents` (which file it is)."""

    hashes: Words
    contents: tuple[str, ...]  # 16 hex digits of the file's SHA-256


def difference_hash(photo: Uint8) -> Words:
    """Hash of an H×W or H×W×1 grey uint8 photo: 1,024 bits as 16 uint64 words."""
    small = np.asarray(cv2.resize(photo, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA)).reshape(SIDE, SIDE + 1)
    return np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)


def take_prints(paths: Sequence[Path]) -> Prints:
    """Read every photo once; raises DataError that names a file that is missing or no image."""
    taken = list(in_threads(_take_print, paths, "look for photos of the same tile", most=_THREADS))
    hashes = np.stack([words for words, _ in taken]) if taken else np.zeros((0, WORDS), np.uint64)
    return Prints(hashes, tuple(content for _, content in taken))


def distances(rows: Words, columns: Words) -> npt.NDArray[np.uint16]:
    """N×16 and M×16 words → N×M uint16: how many bits differ."""
    differing = np.zeros((len(rows), len(columns)), np.uint16)
    for word in range(WORDS):
        differing += np.bitwise_count(rows[:, word, None] ^ columns[None, :, word])
    return differing


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of `rows` such that a block of `distances` to `columns` photos fits into little memory."""
    step = max(1, _BLOCK // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


def _take_print(path: Path) -> tuple[Words, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"a photo of the dataset cannot be read: {error.strerror or error}", where=str(path), hint="tiles fetch"
        ) from error
    return difference_hash(decode_photo(data, 1, str(path))), hashlib.sha256(data).hexdigest()[:16]
