"""Whether two ways to run one network agree: masks on real photos, probabilities at several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tilecli.data.preprocess import Float32, InputContract, Uint8
from tilecli.inference.engines import Engine

# Sides in multiples of the contract's: small, wide, high, none of them the exporter's own example. Some networks (PAN)
# need at least four.
_SIZES = ((4, 6), (9, 4), (5, 8))


@dataclass(frozen=True)
class Agreement:
    """How far two sets of masks over the same photos agree."""

    dice: float  # pooled over all photos; 1 where both predict nothing at all
    photos: int
    intersection_px: int
    reference_px: int
    other_px: int


def mask_agreement(
    reference: Callable[[Uint8], Float32],
    other: Callable[[Uint8], Float32],
    photos: Iterable[Uint8],
    threshold: float,
) -> Agreement:
    """Pooled Dice 2·|A∩B| / (|A| + |B|) between the masks that two probability functions give for the same photos.

    Pooled, because a photo on which one of them marks a single stray pixel would otherwise count as total
    disagreement. Two empty sets of masks agree: 1.
    """
    shared = first = second = number = 0
    for photo in photos:
        a = reference(photo) >= np.float32(threshold)
        b = other(photo) >= np.float32(threshold)
        shared += int(np.count_nonzero(a & b))
        first += int(np.count_nonzero(a))
        second += int(np.count_nonzero(b))
        number += 1
    dice = 2 * shared / (first + second) if first + second else 1.0
    return Agreement(dice, number, shared, first, second)


def largest_difference(reference: Engine, other: Engine, contract: InputContract) -> float:
    """The largest difference of probability over noise at several input sizes.

    A network that takes the size of the exporter's example for a constant (an adaptive pooling, a fixed position
    code) shows here, even where every photo at hand has one size.
    """
    noise = np.random.default_rng(0)
    worst = 0.0
    for rows, columns in _SIZES:
        shape = (1, contract.channels, rows * contract.multiple, columns * contract.multiple)
        batch = noise.standard_normal(shape).astype(np.float32)
        worst = max(worst, float(np.abs(reference.run(batch) - other.run(batch)).max()))
    return worst
