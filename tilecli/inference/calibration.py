"""What turns a network's logits into probabilities that can be taken at their word. Pure: counts in, two numbers out.

A network is trained on crops around defects, so it expects more defect than photos have, and it is surer than it is
right. A shift of its logits mends the first, a temperature the second. Both keep the order of pixels: nothing is found
or lost by them, only called by its right probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilecli import histogram
from tilecli.histogram import Float64, Int64

# Beyond, it is the photos at hand that are fitted: perfectly separated ones ask for a temperature of 0.
COLDEST, HOTTEST = 0.1, 10.0
FARTHEST = 16.0  # of a shift; what histograms reach to
_DIGITS = 6  # stored; a change of the seventh moves no pixel
_STEPS = 100  # of Newton's method, which takes about ten
_SETTLED = 1e-10  # per pixel: the step that ends the search
_RIDGE = 1e-12  # keeps a curvature of 0 from dividing


@dataclass(frozen=True)
class Calibration:
    """calibrated logit = logit / temperature + shift."""

    temperature: float = 1.0  # above 0
    shift: float = 0.0  # in the logit

    def logits(self, raw: Float64) -> Float64:
        """The calibrated logits of a network's own ones."""
        return np.asarray(raw / self.temperature + self.shift, np.float64)

    def probabilities(self, raw: Float64) -> Float64:
        """Calibrated probabilities, from those that the network's own logits give."""
        values = np.clip(np.asarray(raw, np.float64), 1e-9, 1 - 1e-9)
        return _sigmoid(self.logits(np.log(values) - np.log1p(-values)))

    def counts(self, raw: Int64) -> Int64:
        """2×BINS counts of pixels at their calibrated probabilities, to the resolution of the histogram."""
        return histogram.moved(raw, self.logits(histogram.logits()))

    def undone(self, calibrated: Int64) -> Int64:
        """2×BINS counts of pixels at the network's own probabilities: the other way round."""
        return histogram.moved(calibrated, (histogram.logits() - self.shift) * self.temperature)

    def then(self, after: Calibration) -> Calibration:
        """One calibration that does what this one and `after` do in turn."""
        return Calibration(self.temperature * after.temperature, self.shift / after.temperature + after.shift)


IDENTITY = Calibration()


def fit(counts: Int64, temperature: float | None = None, shift: float | None = None) -> Calibration:
    """The calibration under which the pixels' labels are the likeliest.

    counts: 2×BINS pixels at the network's own probabilities, see `histogram.count`. temperature, shift: one that is
    given stays as it is, and the other is fitted beside it; without both kinds of pixels there is nothing to fit by.

    Logistic regression on the logit by Newton's method, with the targets of Platt (1999), (n₁ + 1) / (n₁ + 2) and
    1 / (n₀ + 2), which keep it finite where the two kinds of pixels do not overlap. Temperature after Guo et al.
    (On Calibration of Modern Neural Networks, ICML 2017).
    """
    slope = None if temperature is None else 1.0 / temperature
    if counts.sum(axis=1).all() and (slope is None or shift is None):
        found, moved = _fit(counts, slope, shift)
        if slope is None and not 1.0 / HOTTEST <= found <= 1.0 / COLDEST:
            found = min(max(found, 1.0 / HOTTEST), 1.0 / COLDEST)
            found, moved = _fit(counts, found, shift)
        temperature = temperature if temperature is not None else round(1.0 / found, _DIGITS)
        shift = shift if shift is not None else round(min(max(moved, -FARTHEST), FARTHEST), _DIGITS)
    return Calibration(1.0 if temperature is None else temperature, 0.0 if shift is None else shift)


def _fit(counts: Int64, slope: float | None, shift: float | None) -> tuple[float, float]:
    """Slope and shift of the least cross-entropy; those given stay."""
    kept = counts.sum(axis=0) > 0
    pixels = counts[:, kept].astype(np.float64)
    features = np.stack([histogram.logits()[kept], np.ones(int(kept.sum()))])
    background, defect = pixels.sum(axis=1)
    weight = pixels.sum(axis=0)
    wanted = (pixels[0] / (background + 2) + pixels[1] * (defect + 1) / (defect + 2)) / weight
    weight = weight / weight.sum()
    at = np.asarray([1.0 if slope is None else slope, 0.0 if shift is None else shift])
    free = np.asarray([slope is None, shift is None])

    def loss(point: Float64) -> float:
        logit = point @ features
        return float(np.sum(weight * (np.logaddexp(0.0, logit) - wanted * logit)))

    now = loss(at)
    for _ in range(_STEPS):
        share = _sigmoid(at @ features)
        slant = (features * (weight * (share - wanted))).sum(axis=1)[free]
        curve = (features * (weight * share * (1 - share))) @ features.T + _RIDGE * np.eye(2)
        step = np.zeros(2)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slant)
        # Halved until the loss falls: far from the end Newton's step overshoots (Lin, Lin and Weng 2007).
        size = 1.0
        while size > _SETTLED and loss(at - size * step) > now:
            size /= 2
        after = at - size * step
        gained, at = now - loss(after), after
        now -= gained
        if gained < _SETTLED * max(now, _RIDGE):
            break
    return float(at[0]), float(at[1])


def _sigmoid(logit: Float64) -> Float64:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -700, 700))), np.float64)
