"""95 % intervals by resampling tiles. Pure NumPy; the same records and seed give the same intervals.

Photos of one tile show the same defect several times, so they are no independent draws: whole tiles are resampled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilecli.evaluation import metrics
from tilecli.evaluation.histogram import Float64
from tilecli.evaluation.records import Record

LEVEL = 0.95
_LEAST_TILES = 2  # one tile drawn again and again says nothing about the next tile
_CHUNK = 4_000_000  # weights held at a time, numbers


def intervals(records: Sequence[Record], resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Lower and upper end of the 95 % interval of every figure of `metrics.figures`, where it can be told.

    The percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13): as many tiles as
    there are, drawn with replacement, `resamples` times. Resamples in which a figure is undefined are left out.
    """
    names, tile = np.unique([record.tile for record in records], return_inverse=True)
    if resamples < 1 or len(names) < _LEAST_TILES:
        return {}
    draw = np.random.default_rng(seed)
    # Row: how often each tile was drawn.
    counts = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples).astype(np.float64)
    values: dict[str, Float64] = {}
    for figure, (above, below) in metrics.ratios(records).items():
        top = counts @ np.bincount(tile, above, len(names))
        bottom = counts @ np.bincount(tile, below, len(names))
        values[figure] = np.divide(top, bottom, out=np.full(resamples, np.nan), where=bottom > 0)
    values["auroc"] = _auroc(records, counts, tile)
    found = {}
    tail = 100 * (1 - LEVEL) / 2
    for figure, sample in values.items():
        known = sample[~np.isnan(sample)]
        if known.size:
            low, high = np.percentile(known, [tail, 100 - tail])
            found[figure] = (float(low), float(high))
    return found


def _auroc(records: Sequence[Record], counts: Float64, tile: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Float64:
    """`metrics.auroc` for every row of `counts` (resamples × tiles) at once; NaN where a class was not drawn."""
    scores = np.asarray([record.score for record in records])
    positive = np.asarray([not record.is_good for record in records])
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], np.diff(scores[order]) > 0)))  # of runs of equal scores
    owner, is_positive = tile[order], positive[order]
    result = np.full(len(counts), np.nan)
    step = max(1, _CHUNK // len(records))
    for first in range(0, len(counts), step):
        weights = counts[first : first + step, owner]
        above = np.add.reduceat(weights * is_positive, starts, axis=1)
        below = np.add.reduceat(weights * ~is_positive, starts, axis=1)
        wins = (above * (below.cumsum(axis=1) - 0.5 * below)).sum(axis=1)
        total = above.sum(axis=1) * below.sum(axis=1)
        np.divide(wins, total, out=result[first : first + step], where=total > 0)
    return result
