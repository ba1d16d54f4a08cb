"""The learning rate as a function of the step alone, so that there is no state to lose when a run is resumed."""

from __future__ import annotations

import math

from tilecli.config import TrainParams


def learning_rate(params: TrainParams, step: int, total: int) -> float:
    """Rate of optimiser step `step` (from 0) of `total`.

    Rises linearly over the warm-up's share of the steps, then falls along half a cosine to nothing (Loshchilov and
    Hutter, ICLR 2017, eq. 5, one cycle) or stays at the peak.
    """
    rising = round(params.warmup * total)
    if step < rising:
        return params.learning_rate * (step + 1) / rising
    if params.schedule == "constant":
        return params.learning_rate
    done = (step - rising) / max(1, total - rising)
    return params.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
