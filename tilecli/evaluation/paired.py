"""Is one evaluation really better than another? Paired bootstrap over tiles. NumPy only; opens no file.

Both were measured on the same photos, so a hard tile is hard for both and cancels in the difference: that is what makes
small differences visible that two separate intervals would hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tilecli.errors import DataError
from tilecli.evaluation import bootstrap, by_type, metrics, pairing
from tilecli.evaluation.bootstrap import Places
from tilecli.evaluation.metrics import Ratio
from tilecli.evaluation.records import Record
from tilecli.histogram import Float64
from tilecli.layout import GOOD

BETTER, WORSE, NO_EVIDENCE = "better", "worse", "no evidence"

# If all of five tiles favour one side, a two-sided sign test (Dixon and Mood 1946) still gives p = 2/2⁵ = 0.06; the
# percentile interval is too narrow for so few, so it gets no say below six.
LEAST_DIFFERING = 6
_ROUNDING = 1e-12  # two ways of adding up the same photos differ by less


@dataclass(frozen=True)
class Difference:
    """One figure of A and B. All but `tiles` and `verdict` are None where they cannot be told."""

    a: float | None
    b: float | None
    difference: float | None  # a − b
    low: float | None  # ends of the 95 % interval of the difference
    high: float | None
    probability: float | None  # share of resamples in which A is better, ties counting half
    tiles: int  # on which A and B differ in what the figure is made of
    verdict: str  # BETTER, WORSE or NO_EVIDENCE, said of A


@dataclass(frozen=True)
class Photo:
    """One photo as A and as B saw it."""

    photo: str
    tile: str
    defect: str
    verdict_a: str
    verdict_b: str
    dice_a: float
    dice_b: float

    @property
    def truth(self) -> str:
        """The right verdict: defect or good."""
        return GOOD if self.defect == GOOD else "defect"

    @property
    def flipped(self) -> bool:
        """Whether one of the two was right and the other wrong."""
        return self.verdict_a != self.verdict_b


@dataclass(frozen=True)
class Comparison:
    """What `compare` found."""

    photos: int
    tiles: int
    resamples: int
    seed: int
    figures: dict[str, Difference]  # those of `metrics.ratios`, auroc, and miou where both tell types apart
    per_defect: dict[str, Difference]  # pooled Dice of each defect type's photos
    flipped: tuple[Photo, ...]  # those that A alone got right first
    changed: tuple[Photo, ...]  # photos of a defect type with another Dice; the largest change first
    same: bool  # whether A and B counted and scored every photo alike


def compare(
    a: Sequence[Record],
    b: Sequence[Record],
    *,
    names: tuple[str, str] = ("A", "B"),
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Differences A − B of every figure, each with its 95 % interval, by resampling whole tiles, the same for both.

    The paired bootstrap as Koehn uses it to compare two systems (Statistical Significance Tests for Machine Translation
    Evaluation, EMNLP 2004), with tiles as the clusters that are drawn (Davison and Hinkley, Bootstrap Methods and their
    Application, 1997, section 3.8) and the percentile interval of Efron and Tibshirani (1993, ch. 13). `probability` is
    a share of resamples, not a posterior. The same records, seed and resamples give the same result.

    Raises DataError, naming the two by `names`, where `pairing.why_not` has a reason.
    """
    reason = pairing.why_not(a, b, names)
    if reason:
        raise DataError(reason)
    twins = {record.photo: record for record in b}
    b = [twins[record.photo] for record in a]
    labels, tile = np.unique([record.tile for record in a], return_inverse=True)
    ratios, types = _ratios(a, b), _dice_of_types(a, b)
    pairs = [*ratios.values(), *types.values()]
    typed = by_type.is_typed(a) and by_type.is_typed(b)
    others = {"auroc": bootstrap.aurocs} | ({"miou": bootstrap.mious} if typed else {})  # that are no ratios
    samples = np.full((len(pairs) + len(others), max(resamples, 0)), np.nan)
    done = 0
    for counts in bootstrap.draws(len(labels), resamples, seed):
        now = slice(done, done + len(counts))
        for row, (mine, other) in enumerate(pairs):
            samples[row, now] = bootstrap.quotients(mine, tile, counts) - bootstrap.quotients(other, tile, counts)
        for row, figure in enumerate(others.values(), len(pairs)):
            samples[row, now] = figure(a, tile, counts) - figure(b, tile, counts)
        done += len(counts)
    found = [_of_ratio(*pair, tile, sample) for pair, sample in zip(pairs, samples, strict=False)]
    figures = dict(zip(ratios, found, strict=False))
    for name in metrics.LOWER_IS_BETTER & figures.keys():
        figures[name] = _lower_is_better(figures[name])
    figures["auroc"] = _of_scores(a, b, tile, samples[len(pairs)])
    if typed:
        figures["miou"] = _of_types(a, b, tile, samples[-1])
    photos = [_photo(mine, other) for mine, other in zip(a, b, strict=True)]
    return Comparison(
        photos=len(a),
        tiles=len(labels),
        resamples=resamples,
        seed=seed,
        figures=figures,
        per_defect=dict(zip(types, found[len(ratios) :], strict=True)),
        flipped=tuple(sorted((p for p in photos if p.flipped), key=lambda p: (p.verdict_a != p.truth, p.photo))),
        changed=_changed(photos),
        same=all(_counted(mine) == _counted(other) for mine, other in zip(a, b, strict=True)),
    )


def _ratios(a: Sequence[Record], b: Sequence[Record]) -> dict[str, tuple[Ratio, Ratio]]:
    mine, other = metrics.ratios(a), metrics.ratios(b)
    return {name: (mine[name], other[name]) for name in mine}


def _dice_of_types(a: Sequence[Record], b: Sequence[Record]) -> dict[str, tuple[Ratio, Ratio]]:
    """`dice_mean` of each defect type's photos alone, as `metrics.per_defect` has it."""
    mine, other = metrics.ratios(a)["dice_mean"], metrics.ratios(b)["dice_mean"]
    found = {}
    for name in sorted({record.defect for record in a if not record.is_good}):
        own = np.asarray([record.defect == name for record in a], np.float64)
        found[name] = ((mine[0] * own, mine[1] * own), (other[0] * own, other[1] * own))
    return found


def _of_ratio(mine: Ratio, other: Ratio, tile: Places, sample: Float64) -> Difference:
    # A figure that is defined on one tile only is the same in every resample that has it: no interval can be told.
    told = _tiles((mine[1] > 0) | (other[1] > 0), tile)
    sums = [[np.bincount(tile, column) for column in pair] for pair in (mine, other)]
    unlike = np.any([np.abs(x - y) > _ROUNDING for x, y in zip(*sums, strict=True)], axis=0)
    return _difference(metrics.ratio(mine), metrics.ratio(other), sample, told, int(unlike.sum()))


def _of_scores(a: Sequence[Record], b: Sequence[Record], tile: Places, sample: Float64) -> Difference:
    positive = [not record.is_good for record in a]
    mine, other = ([record.score for record in side] for side in (a, b))
    told, differ = len(np.unique(tile)), _tiles(np.not_equal(mine, other), tile)
    return _difference(metrics.auroc(mine, positive), metrics.auroc(other, positive), sample, told, differ)


def _of_types(a: Sequence[Record], b: Sequence[Record], tile: Places, sample: Float64) -> Difference:
    mine, other = (np.asarray([record.type_pixels for record in side]) for side in (a, b))
    told, differ = _tiles((mine != "") | (other != ""), tile), _tiles(mine != other, tile)
    return _difference(by_type.miou(a), by_type.miou(b), sample, told, differ)


def _tiles(marked: np.ndarray[tuple[int], np.dtype[np.bool_]], tile: Places) -> int:
    """How many tiles have a marked photo."""
    return len(np.unique(tile[marked]))


def _difference(a: float | None, b: float | None, sample: Float64, told: int, differ: int) -> Difference:
    """`sample`: the difference in each resample; `told`: tiles on which the figure is defined. Higher is better."""
    if a is None or b is None:
        return Difference(a, b, None, None, None, None, differ, NO_EVIDENCE)
    known = sample[~np.isnan(sample)]
    known = np.where(np.abs(known) < _ROUNDING, 0.0, known)
    ends = bootstrap.interval(known) if told >= bootstrap.LEAST_TILES else None
    if ends is None:
        return Difference(a, b, a - b, None, None, None, differ, NO_EVIDENCE)
    share = float(np.mean(known > 0) + 0.5 * np.mean(known == 0))
    return Difference(a, b, a - b, *ends, share, differ, _verdict(*ends, differ))


def _verdict(low: float, high: float, differ: int) -> str:
    if differ < LEAST_DIFFERING or low <= 0 <= high:
        return NO_EVIDENCE
    return BETTER if low > 0 else WORSE


def _lower_is_better(found: Difference) -> Difference:
    """The same differences, judged the other way round."""
    turned = {BETTER: WORSE, WORSE: BETTER, NO_EVIDENCE: NO_EVIDENCE}
    share = None if found.probability is None else 1.0 - found.probability
    return replace(found, probability=share, verdict=turned[found.verdict])


def _photo(mine: Record, other: Record) -> Photo:
    return Photo(mine.photo, mine.tile, mine.defect, mine.verdict, other.verdict, mine.dice, other.dice)


def _changed(photos: Sequence[Photo]) -> tuple[Photo, ...]:
    # On good photos Dice is 1 or 0: one stray pixel there would hide every real change.
    unlike = [photo for photo in photos if photo.defect != GOOD and photo.dice_a != photo.dice_b]
    return tuple(sorted(unlike, key=lambda photo: (-abs(photo.dice_a - photo.dice_b), photo.photo)))


def _counted(record: Record) -> Record:
    """The record without what says nothing about the model's answer."""
    # Older records have no loss, and where it alone differs no figure does.
    return replace(record, ms=0.0, picture="", loss=None)
