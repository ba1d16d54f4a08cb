"""Whether two ways to run one network agree: masks on real photos, probabilities at several sizes, Dice by truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli import overlap, progress
from tilecli.data.catalog import Photo
from tilecli.data.classlist import read_truth
from tilecli.data.preprocess import Float32, InputContract, Uint8, read_photo
from tilecli.inference import types
from tilecli.inference.engines import Engine
from tilecli.inference.predictor import Predictor

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


@dataclass(frozen=True)
class Cost:
    """What a lower precision costs: pooled Dice over the same photos, each bundle at its own threshold.

    Where types are told apart, only pixels of the right one count as shared.
    """

    before: float  # against truth
    after: float  # likewise
    agreement: float  # of the two bundles' masks
    photos: int

    @property
    def dice(self) -> float:
        """Dice that is lost; below 0 where some is won."""
        return self.before - self.after


def mask_agreement(
    reference: Callable[[Uint8], Float32],
    other: Callable[[Uint8], Float32],
    photos: Iterable[Uint8],
    threshold: float,
) -> Agreement:
    """Pooled Dice 2·|A∩B| / (|A| + |B|) between the masks that two probability functions give for the same photos.

    The functions give K×H×W; where types are told apart, pixels agree that show the same one.

    Pooled, because a photo on which one of them marks a single stray pixel would otherwise count as total
    disagreement. Two empty sets of masks agree: 1.
    """
    shared = first = second = number = 0
    for photo in photos:
        a, b = types.label(reference(photo), threshold), types.label(other(photo), threshold)
        shared += _same(a, b)
        first += int(np.count_nonzero(a))
        second += int(np.count_nonzero(b))
        number += 1
    return Agreement(_dice(shared, first + second), number, shared, first, second)


def precision_cost(before: Predictor, after: Predictor, photos: Sequence[Photo], dataset: Path) -> Cost:
    """The cost of `after`'s precision on labelled photos.

    Where no photo has a defect, the masks of `before` stand in for truth: else a precision that finds nothing at all
    would cost nothing.
    """

    def compare(photo: Photo) -> tuple[int, ...]:
        pixels = read_photo(dataset / photo.image, before.bundle.input.channels)
        first, second = (types.label(p.maps(pixels), p.threshold) for p in (before, after))
        truth = read_truth(dataset, photo, before.bundle.classes if before.bundle.tells_types else ())
        sizes = (int(np.count_nonzero(found)) for found in (first, second, truth))
        return *sizes, _same(first, truth), _same(second, truth), _same(first, second)

    compared = overlap.ordered_map(compare, photos, before.workers)
    tracked = progress.track(compared, f"what {after.bundle.precision} costs", len(photos), "photos")
    first, second, truth, right, still_right, both = (sum(column) for column in zip(*tracked, strict=True))
    agreement = _dice(both, first + second)
    if not truth:
        return Cost(1.0, agreement, agreement, len(photos))
    return Cost(_dice(right, first + truth), _dice(still_right, second + truth), agreement, len(photos))


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


def _same(first: Uint8, second: Uint8) -> int:
    """Pixels that two H×W maps of types, 0 where nothing is, both mark and call the same."""
    return int(np.count_nonzero((first == second) & (first > 0)))


def _dice(shared: int, sizes: int) -> float:
    """2·|A∩B| / (|A| + |B|); 1 where both are empty."""
    return 2 * shared / sizes if sizes else 1.0
