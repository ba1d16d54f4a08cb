"""The learning-rate range test: one short run in which the rate grows with every step (Smith, WACV 2017, section 3.3).

Below some rate nothing is learnt, above another the loss rises. In between it falls; a tenth of the rate at which it is
least is a peak that a schedule with a warm-up bears.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.data.datamodule import CropBatch
from tilecli.errors import ModelError
from tilecli.layout import Project
from tilecli.learning import names, short
from tilecli.learning.callbacks import StepTicks
from tilecli.learning.task import SegmentationTask

LOWEST, HIGHEST = 1e-5, 1.0
STEPS = 120
_MEMORY = 0.9  # of the running mean that smooths the losses
_DIVERGED = 3.0  # times the least loss so far
_LEAST_STEPS = 10  # for a suggestion


@dataclass(frozen=True)
class RateTest:
    """What the loss did at each rate."""

    rates: list[float]
    losses: list[float]  # smoothed
    suggestion: float  # a tenth of `least`
    steepest: float  # the rate at which the loss fell fastest
    least: float  # the rate with the least loss; from there on it rises
    diverged: bool  # whether the test ended early


def find_rate(project: Project, settings: TrainParams, steps: int = STEPS) -> RateTest:
    """Run `steps` steps with rates from 1e-5 to 1, each larger than the last by the same factor.

    Raises ModelError where the loss does not fall at any rate, or is no number from the start.
    """
    names.check_names(settings.arch, settings.encoder)
    with short.short_run(project, settings, steps) as ready, progress.task("find rate", steps, "steps") as ticks:
        task = _RangeTask(ready.network, ready.settings, ready.chosen, steps=steps)
        short.run(ready, task, StepTicks(ticks), validate=False)
    return judge(task.rates, task.losses, diverged=task.diverged)


def judge(rates: list[float], losses: list[float], *, diverged: bool) -> RateTest:
    """The suggestion that follows from the raw losses at growing rates."""
    if len(losses) < _LEAST_STEPS:
        raise ModelError(
            "the loss is no number almost from the start; no rate can be suggested",
            where="train",
            hint="tiles train --find-lr --precision fp32",
        )
    smooth = smoothed(losses)
    least = int(np.argmin(smooth))
    slope = np.gradient(np.asarray(smooth), np.log(np.asarray(rates)))
    # The mean of the first few steps knows too little to have a slope.
    begin = min(_LEAST_STEPS // 2, least)
    falling = slope[begin : least + 1]
    if least <= begin or falling.min() >= 0:
        raise ModelError(
            "the loss did not fall at any rate; no rate can be suggested",
            where="train",
            hint="tiles split shows whether there are defects to learn from",
        )
    best = begin + int(np.argmin(falling))
    suggestion, steepest, bound = (float(f"{rate:.2g}") for rate in (rates[least] / 10, rates[best], rates[least]))
    return RateTest(rates, smooth, suggestion, steepest, bound, diverged)


def smoothed(losses: list[float]) -> list[float]:
    """Running mean with the start's bias taken out (Kingma and Ba, ICLR 2015, section 3)."""
    mean, out = 0.0, []
    for number, loss in enumerate(losses, start=1):
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        out.append(mean / (1 - _MEMORY**number))
    return out


class _RangeTask(SegmentationTask):
    """Grows the rate with every step and writes the losses down."""

    def __init__(self, *args: Any, steps: int, **kwargs: Any) -> None:
        super().__init__(*args, steps=steps, **kwargs)
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.diverged = False
        self._count = steps

    def _rate(self, step: int) -> float:
        return float(LOWEST * (HIGHEST / LOWEST) ** (step / max(1, self._count - 1)))

    def training_step(self, batch: CropBatch, batch_idx: int) -> torch.Tensor:
        """The loss, written down with its rate."""
        try:
            loss = super().training_step(batch, batch_idx)
            value = float(loss.detach())
        except ModelError:  # the loss is no number any more
            loss, value = next(self.network.parameters()).sum() * 0.0, math.nan
        if not math.isfinite(value) or (self.losses and value > _DIVERGED * min(smoothed(self.losses))):
            self.diverged = True
            self.trainer.should_stop = True
            return loss
        self.rates.append(self.rate)
        self.losses.append(value)
        return loss
