"""95 % intervals by resampling tiles. Pure NumPy; the same records and seed give the same intervals.

Photos of one tile show the same defect several times, so they are no independent draws: whole tiles are resampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tilecli.evaluation import by_type, metrics
from tilecli.evaluation.records import Record
from tilecli.histogram import Float64

Places = npt.NDArray[np.intp]

LEVEL = 0.95
LEAST_TILES = 2  # one tile drawn again and again says nothing about the next tile
_CHUNK = 4_000_000  # weights held at a time, numbers


def intervals(records: Sequence[Record], resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """Lower and upper end of the 95 % interval of every figure of `metrics.figures`, where it can be told.

    As many tiles as there are, drawn with replacement, `resamples` times. Resamples in which a figure is undefined are
    left out.
    """
    names, tile = np.unique([record.tile for record in records], return_inverse=True)
    if resamples < 1 or len(names) < LEAST_TILES:
        return {}
    pairs = metrics.ratios(records)
    typed = by_type.is_typed(records)
    values: dict[str, list[Float64]] = {name: [] for name in (*pairs, "auroc", *(["miou"] if typed else []))}
    for counts in draws(len(names), resamples, seed):
        for figure, pair in pairs.items():
            values[figure].append(quotients(pair, tile, counts))
        values["auroc"].append(aurocs(records, tile, counts))
        if typed:
            values["miou"].append(mious(records, tile, counts))
    found = {figure: interval(np.concatenate(pieces)) for figure, pieces in values.items()}
    return {figure: ends for figure, ends in found.items() if ends is not None}


def draws(tiles: int, resamples: int, seed: int) -> Iterator[Float64]:
    """How often each of `tiles` tiles is drawn: `resamples` rows × `tiles`, in pieces that memory can hold."""
    draw = np.random.default_rng(seed)
    step = max(1, _CHUNK // tiles)
    for first in range(0, resamples, step):
        rows = min(step, resamples - first)
        yield draw.multinomial(tiles, np.full(tiles, 1 / tiles), size=rows).astype(np.float64)


def interval(sample: Float64) -> tuple[float, float] | None:
    """The percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13) at LEVEL.

    NaN, a resample in which the figure is undefined, is left out; None where nothing is left.
    """
    known = sample[~np.isnan(sample)]
    if not known.size:
        return None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)


def quotients(pair: metrics.Ratio, tile: Places, counts: Float64) -> Float64:
    """`metrics.ratio` for every row of `counts` (resamples × tiles) at once; NaN where it is undefined.

    `tile`: the column of `counts` that each photo belongs to.
    """
    tiles = counts.shape[1]
    top = counts @ np.bincount(tile, pair[0], tiles)
    bottom = counts @ np.bincount(tile, pair[1], tiles)
    values: Float64 = np.divide(top, bottom, out=np.full(len(counts), np.nan), where=bottom > 0)
    return values


def mious(records: Sequence[Record], tile: Places, counts: Float64) -> Float64:
    """`by_type.miou` for every row of `counts` (resamples × tiles) at once; NaN where no type was drawn."""
    own = [quotients(pairs["iou"], tile, counts) for pairs in by_type.ratios(records).values()]
    stacked = np.stack(own) if own else np.full((1, len(counts)), np.nan)
    known = ~np.isnan(stacked)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    mean: Float64 = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean


def aurocs(records: Sequence[Record], tile: Places, counts: Float64) -> Float64:
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
