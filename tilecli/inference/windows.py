"""Large photos through a network piece by piece, so that a photo's size costs time and not memory.

The windows overlap, and each answers for its middle only: away from its edges a window sees all that matters for a
pixel. They start at multiples of what the network needs, so its grids of halved resolution lie as in one whole run.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tilecli.data.preprocess import Float32
from tilecli.inference.engines import Engine

# Peak memory for a photo of 12 megapixels at its own scale: U-Net/ResNet-34 1.7 GB instead of 6.3 GB in one piece, the
# demo's compactunet 0.5 GB instead of 1.5 GB.
SIDE_PX = 1536
# Half of it is what a pixel sees of its surroundings at least.
OVERLAP_PX = 256


def run(
    engine: Engine, values: Float32, multiple: int, side_px: int = SIDE_PX, overlap_px: int = OVERLAP_PX
) -> Float32:
    """C×H×W network input → K×H×W probability, one map per class; H and W are multiples of `multiple`.

    What is no larger than `side_px` both ways takes one run.
    """
    height, width = values.shape[1:]
    rows = _windows(height, multiple, side_px, overlap_px)
    columns = _windows(width, multiple, side_px, overlap_px)
    if len(rows) == len(columns) == 1:
        return np.asarray(engine.run(values[None])[0], np.float32)
    whole: Float32 | None = None
    for seen_y, kept_y in rows:
        for seen_x, kept_x in columns:
            answer = engine.run(np.ascontiguousarray(values[:, seen_y, seen_x])[None])[0]
            if whole is None:
                whole = np.empty((len(answer), height, width), np.float32)
            whole[:, kept_y, kept_x] = answer[:, _within(kept_y, seen_y), _within(kept_x, seen_x)]
    assert whole is not None  # noqa: S101 - for mypy: there is a window
    return whole


def _windows(length: int, multiple: int, side: int, overlap: int) -> list[tuple[slice, slice]]:
    """What each window along one axis sees, and the part of it that it answers for; all see equally much."""
    if length <= side:
        return [(slice(0, length), slice(0, length))]
    side -= side % multiple
    last, step = length - side, (side - overlap) // multiple * multiple
    count = -(-last // step) + 1
    # Evenly spread, so that no window repeats nearly all of another's work; never farther apart than a step, since
    # that is a multiple too.
    starts = [last * number // (count - 1) // multiple * multiple for number in range(count)]
    borders = [0, *((before + side + after) // 2 for before, after in pairwise(starts)), length]
    return [
        (slice(start, start + side), slice(first, end))
        for start, (first, end) in zip(starts, pairwise(borders), strict=True)
    ]


def _within(kept: slice, seen: slice) -> slice:
    return slice(kept.start - seen.start, kept.stop - seen.start)
