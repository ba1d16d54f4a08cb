"""Whether probabilities mean what they say: of all pixels called 30 % defect, are 30 % defect? Pure NumPy.

Works on the histograms of `tilecli.histogram`, so that any number of photos takes the same memory.
"""

from __future__ import annotations

import numpy as np

from tilecli import histogram
from tilecli.histogram import Float64, Int64

GROUPS = 15  # of probability, equally wide; what Guo et al. (ICML 2017) count over


def reliability(counts: Int64, probabilities: Float64 | None = None) -> tuple[Float64, Float64, Int64]:
    """Per group of probabilities: their mean, the share of defect among its pixels, and how many pixels it has.

    counts: 2×BINS pixels, see `histogram.count`. probabilities: of the BINS bins, where they are not
    `histogram.centres()`, as after a calibration. Groups without a pixel are left out.
    """
    values = histogram.centres() if probabilities is None else probabilities
    pixels = counts.sum(axis=0)
    group = np.minimum((values * GROUPS).astype(np.intp), GROUPS - 1)
    total = np.bincount(group, pixels, GROUPS)
    seen = total > 0
    mean = np.bincount(group, pixels * values, GROUPS)[seen] / total[seen]
    share = np.bincount(group, counts[1], GROUPS)[seen] / total[seen]
    return mean, share, total[seen].astype(np.int64)


def calibration_error(counts: Int64, probabilities: Float64 | None = None) -> float | None:
    """The expected calibration error Σ (n_g / n)·|share_g − mean_g|, 0 where probabilities can be taken at their word.

    Formula: Naeini, Cooper and Hauskrecht (AAAI 2015). Arguments as in `reliability`; None without any pixel.
    """
    mean, share, pixels = reliability(counts, probabilities)
    return float(np.sum(pixels * np.abs(share - mean)) / pixels.sum()) if len(pixels) else None
