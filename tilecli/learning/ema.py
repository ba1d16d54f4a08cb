"""Averaged weights: a running mean of the network over the steps, which is what is validated and deployed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class AveragedWeights:
    """Exponential moving average of a network's parameters and batch-norm statistics.

    Decay after n updates: min(decay, (1 + n) / (10 + n)), so that the first steps, far from anything good, are
    forgotten soon (the warm-up of TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._live = dict(network.state_dict(keep_vars=True))
        self._mean = {name: value.detach().clone() for name, value in self._live.items()}
        self._floats = [name for name, value in self._live.items() if value.is_floating_point()]
        self._others = [name for name in self._live if name not in set(self._floats)]

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's present weights into the mean."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(
            [self._mean[name] for name in self._floats], [self._live[name].data for name in self._floats], 1 - decay
        )
        for name in self._others:  # counters, which have no mean
            self._mean[name].copy_(self._live[name])

    def swap(self) -> None:
        """Exchange the network's weights and their mean, without copying; twice leaves everything as it was."""
        for name, live in self._live.items():
            live.data, self._mean[name].data = self._mean[name].data, live.data

    def weights(self) -> dict[str, torch.Tensor]:
        """The mean, by the names of the network's own state."""
        return self._mean

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"updates": self.updates, "mean": self._mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.updates = state["updates"]
        for name, value in self._mean.items():
            value.copy_(state["mean"][name])
