"""Counting pixels while training: enough to choose a checkpoint. Reported figures are `tilecli.evaluation.metrics`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilecli.data.preprocess import Uint8


@dataclass
class PixelCounts:
    """Pixels of two H×W 0/1 masks, summed over photos: the pooled figures of the reference project follow from them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def add(self, predicted: Uint8, truth: Uint8) -> None:
        """Count one photo's pixels; the masks must agree in size."""
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
