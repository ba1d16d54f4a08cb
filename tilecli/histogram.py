"""Pixel probabilities of any number of photos in bounded memory: one histogram of true and one of other pixels.

Everything that depends on pixels at *every* threshold comes from here: average precision, precision-recall, Dice over
threshold. Figures at the deployed threshold are counted exactly, in `tilecli.evaluation.metrics`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Uint8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

# Bins are equally wide in the logit, because trained networks push probabilities to both ends, where equal widths in
# probability would put most pixels into one bin. ±16 covers what a float32 sigmoid tells apart from 0 and 1.
BINS = 4096
_REACH = 16.0
_PER_UNIT = BINS / (2 * _REACH)  # 128: neighbouring bins differ by 0.8 % in the odds, at most 0.002 in probability


def edges() -> Float64:
    """The lower edge of each bin as a logit: BINS rising values, all of them exact in binary."""
    return np.asarray(np.arange(BINS) / _PER_UNIT - _REACH, np.float64)


def thresholds() -> Float64:
    """The lower edge of each bin as a probability, BINS rising values; a pixel of bin k is defect from the k-th on."""
    logits = edges()
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)


def centres() -> Float64:
    """The probability in the middle of each bin, BINS rising values."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits())), np.float64)


def logits() -> Float64:
    """The logit in the middle of each bin, BINS evenly rising values."""
    return np.asarray((np.arange(BINS) + 0.5) / _PER_UNIT - _REACH, np.float64)


def moved(counts: Int64, logit: Float64) -> Int64:
    """The counts of pixels whose logits became others: those of bin k now lie at `logit[k]`."""
    bins = np.clip(np.floor((logit + _REACH) * _PER_UNIT), 0, BINS - 1).astype(np.intp)
    return np.asarray([np.bincount(bins, row, BINS) for row in counts], np.int64)


def count(probability: Float32, truth: Uint8) -> Int64:
    """2×BINS counts for an H×W probability and its mask of 0 and 1: row 0 background, row 1 defect."""
    logits = _logits(probability)
    bins = np.clip(np.floor((logits + _REACH) * _PER_UNIT), 0, BINS - 1).astype(np.int32)
    counts = np.bincount(bins + BINS * truth.ravel().astype(np.int32), minlength=2 * BINS)
    return np.asarray(counts.reshape(2, BINS), np.int64)


def cross_entropy(probability: Float32, truth: Uint8) -> float:
    """Mean −log of the probability that an H×W prediction gives to what its mask of 0 and 1 says, nats per pixel.

    Logits are held within ±16, as the outer bins hold them: a prediction of exactly 0 or 1 may be wrong and costs 16.
    """
    logits = np.clip(_logits(probability), -_REACH, _REACH)
    # −log σ(z) = log(1 + e⁻ᶻ); for background the other way round.
    wrong = np.where(truth.ravel() > 0, -logits, logits)
    return float(np.logaddexp(0.0, wrong, dtype=np.float64).mean())


def _logits(probability: Float32) -> Float32:
    values = np.asarray(probability, np.float32).ravel()
    with np.errstate(divide="ignore"):  # 0 and 1 become ∓infinity and land in the outer bins
        return np.asarray(np.log(values) - np.log1p(-values), np.float32)


def at_or_above(counts: Int64) -> Int64:
    """2×BINS counts of pixels at or above each bin's lower edge."""
    return np.asarray(counts[:, ::-1].cumsum(axis=1)[:, ::-1], np.int64)


def precision_recall(counts: Int64) -> tuple[Float64, Float64]:
    """Precision and recall at each of `thresholds()`; precision is 1 where nothing is predicted, recall NaN where
    there is nothing to find.
    """
    wrong, right = at_or_above(counts)
    predicted = wrong + right
    precision = np.where(predicted > 0, right / np.maximum(predicted, 1), 1.0)
    total = counts[1].sum()
    recall = right / total if total else np.full(BINS, np.nan)
    return np.asarray(precision, np.float64), np.asarray(recall, np.float64)


def average_precision(counts: Int64) -> float | None:
    """Σ (Rₙ − Rₙ₋₁)·Pₙ over falling thresholds, without interpolation; None where one class has no pixel.

    Formula: scikit-learn's `average_precision_score`, after Davis and Goadrich (ICML 2006) on interpolation. Pixels of
    one bin count as tied.
    """
    if not counts[0].sum() or not counts[1].sum():
        return None
    precision, recall = precision_recall(counts)
    steps = recall - np.append(recall[1:], 0.0)
    return float(np.sum(steps * precision))


def dice_curve(counts: Int64) -> Float64:
    """Pooled Dice 2·TP / (predicted + true) at each of `thresholds()`; 0 where both are empty."""
    wrong, right = at_or_above(counts)
    size = wrong + right + counts[1].sum()
    return np.asarray(2.0 * right / np.maximum(size, 1), np.float64)


def best_dice(counts: Int64) -> tuple[float, float]:
    """The highest pooled Dice over all thresholds, 0–1, and the lowest threshold that reaches it."""
    curve = dice_curve(counts)
    best = int(np.argmax(curve))
    return float(curve[best]), float(thresholds()[best])
