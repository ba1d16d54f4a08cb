"""How much a split gives away: what a test score would be worth if training photos were merely copied.

Two figures and one share, all by NumPy on what the caller has read:
- `leaked_share`: share of test photos with a near-copy (a photo of the same tile) in training.
- `copy_sibling_dice`: each test photo with a defect gets the mask of its near-copy in training, an empty one where it
  has none. Of several near-copies the one with the nearest burst number is copied (DATA.md), else by hash. A split by
  tile scores 0 by construction; that is what it is for.
- `copy_nearest_dice`: likewise with the training photo that looks most alike (by hash), whatever its tile. No
  grouping rule takes part, so this one is not 0 by construction: large defects overlap by chance.
Dice is pooled over the test photos that show a defect: 2·Σ|A∩B| / Σ(|A|+|B|), every mask stretched to 224×224 as
in DATA.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli.data.catalog import Photo, read_mask
from tilecli.data.hashing import WORDS, Words, blocks, distances
from tilecli.data.preprocess import Uint8
from tilecli.data.threads import in_threads
from tilecli.layout import GOOD
from tilecli.opencv import cv2

GRID = 224  # px, the reference project's photo size
_MEASURES = ("leaked_share", "copy_sibling_dice", "copy_nearest_dice")


@dataclass(frozen=True)
class Evidence:
    """What the audit knows of N photos, each sequence in the same order."""

    tiles: Sequence[str]
    defects: Sequence[str]
    numbers: npt.NDArray[np.float64]  # N burst numbers, NaN where the name has none
    hashes: Words  # N×16
    masks: dict[int, Uint8]  # by position: `pack_mask`; a photo that is not here shows no defect


def pack_mask(mask: Uint8) -> Uint8:
    """H×W 0/1 mask → its 224×224 version, eight pixels to a byte. Any coverage counts, so thin cracks survive."""
    share = cv2.resize(mask.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return np.packbits(np.asarray(share) > 0)


def read_masks(photos: Sequence[Photo], dataset: Path) -> dict[int, Uint8]:
    """Position → packed mask of each photo that shows a defect."""
    shown = [index for index, photo in enumerate(photos) if photo.defect != GOOD]
    packed = in_threads(lambda index: pack_mask(read_mask(dataset, photos[index])), shown, "audit the split", "mask")
    return dict(zip(shown, packed, strict=True))


def measure(evidence: Evidence, subsets: Sequence[str | None]) -> dict[str, float | None]:
    """The three figures for one split; None where there is nothing to measure them on.

    `subsets` holds the subset of each photo, None for a photo that is not used.
    """
    train = [index for index, subset in enumerate(subsets) if subset == "train"]
    test = [index for index, subset in enumerate(subsets) if subset == "test"]
    shown = [index for index in test if evidence.defects[index] != GOOD]
    siblings: dict[str, list[int]] = defaultdict(list)
    for index in train:
        siblings[evidence.tiles[index]].append(index)
    leaked = sum(evidence.tiles[index] in siblings for index in test)
    copied = [(index, _sibling(evidence, index, siblings.get(evidence.tiles[index], []))) for index in shown]
    return {
        "leaked_share": leaked / len(test) if test else None,
        "copy_sibling_dice": copied_dice(evidence.masks, copied),
        "copy_nearest_dice": copied_dice(evidence.masks, zip(shown, _nearest(evidence, shown, train), strict=True)),
    }


def average(measured: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """Mean of each figure over several splits, leaving out those that could not be measured."""
    means: dict[str, float | None] = {}
    for name in _MEASURES:
        values = [value for one in measured if (value := one[name]) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means


def copied_dice(masks: dict[int, Uint8], pairs: Iterable[tuple[int, int | None]]) -> float | None:
    """Pooled Dice of predicting, for each pair's first photo, the mask of its second (None: an empty mask).

    None where neither side of any pair shows a defect.
    """
    common = total = 0
    for true, copied in pairs:
        truth = masks.get(true)
        answer = masks.get(copied) if copied is not None else None
        for mask in (truth, answer):
            total += _count(mask) if mask is not None else 0
        if truth is not None and answer is not None:
            common += _count(truth & answer)
    return 2 * common / total if total else None


def _sibling(evidence: Evidence, index: int, candidates: Sequence[int]) -> int | None:
    if not candidates:
        return None
    bits = distances(evidence.hashes[index : index + 1], evidence.hashes[list(candidates)])[0]
    apart = np.nan_to_num(np.abs(evidence.numbers[list(candidates)] - evidence.numbers[index]), nan=np.inf)
    return candidates[int(np.lexsort((bits, apart))[0])]


def _nearest(evidence: Evidence, test: Sequence[int], train: Sequence[int]) -> list[int | None]:
    if not train:
        return [None] * len(test)
    kept = evidence.hashes[list(train)]
    asked = evidence.hashes[list(test)].reshape(-1, WORDS)
    nearest: list[int | None] = []
    for block in blocks(len(test), len(train)):
        nearest += [train[column] for column in distances(asked[block], kept).argmin(axis=1).tolist()]
    return nearest


def _count(packed: Uint8) -> int:
    return int(np.bitwise_count(packed).sum())
