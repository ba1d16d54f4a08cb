"""From probabilities to logits, in which answers are averaged."""

from __future__ import annotations

import numpy as np

from tilecli.data.preprocess import Float32

_LEAST = 1e-7  # a float32 next to 1 tells no more


def logit(probability: Float32) -> Float32:
    """log(p / (1 − p)), finite for 0 and 1 too."""
    p = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(p) - np.log1p(-p), np.float32)
