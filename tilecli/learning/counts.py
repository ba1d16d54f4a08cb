"""Counting pixels while training: enough to choose a checkpoint. Reported figures are `tilecli.evaluation.metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tilecli import histogram
from tilecli.data.preprocess import Float32, Uint8

_THRESHOLD = 0.5  # while training; the bundle's is chosen when it is exported


@dataclass
class PixelCounts:
    """Pixels of photos, summed: at probability 0.5 for the pooled figures of the reference project, and at every one.

    Averaged weights and balanced crops leave a network's probabilities too low or too high for a while, and a
    checkpoint is deployed at the threshold that suits it: so it is `best` that checkpoints are chosen by.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    pixels: histogram.Int64 = field(default_factory=lambda: np.zeros((2, histogram.BINS), np.int64))

    def add(self, probability: Float32, truth: Uint8) -> None:
        """Count one photo's pixels: its H×W probability and 0/1 mask."""
        self.pixels += histogram.count(probability, truth)
        predicted = (probability >= _THRESHOLD).astype(np.uint8)
        tp = int(np.count_nonzero(predicted & truth))
        positive, true = int(np.count_nonzero(predicted)), int(np.count_nonzero(truth))
        self.tp += tp
        self.fp += positive - tp
        self.fn += true - tp
        self.tn += truth.size - positive - true + tp

    @property
    def dice(self) -> float:
        """2 TP / (2 TP + FP + FN), 0–1; 1 where neither mask has a pixel."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def best(self) -> tuple[float, float]:
        """Dice at the threshold where it is highest, 0–1, and that threshold; without a defect, `dice` at 0.5."""
        return histogram.best_dice(self.pixels) if self.tp + self.fn else (self.dice, _THRESHOLD)

    @property
    def jaccard(self) -> float:
        """TP / (TP + FP + FN), 0–1; 1 where neither mask has a pixel."""
        return _share(self.tp, self.tp + self.fp + self.fn)

    @property
    def foreground_acc(self) -> float:
        """Share of the true defect pixels that were found, 0–1; 1 where there are none."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def accuracy(self) -> float:
        """Share of all pixels that are right, 0–1."""
        return _share(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
