"""Muon: momentum whose every step turns each weight matrix by the same amount in all directions (Jordan et al., 2024).

The momentum of a matrix is replaced by the nearest orthogonal one, so that directions with small gradients are learnt
as fast as the few large ones. On a few hundred photos from scratch that is what takes a network off the plateau on
which it calls everything good. Steps are scaled to the size of Adam's (Liu et al., 2025, "Muon is scalable for LLM
training", eq. 4), so that one learning rate serves both.

`torch.optim.Muon` takes matrices only; a convolution's kernels are four-dimensional, and biases, norms and the last
layer need Adam beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim.adamw import adamw

MOMENTUM = 0.95
ADAM_SIZE = 0.2  # root mean square of a step of Adam, in learning rates
# Of the quintic iteration by Jordan et al.: singular values come to lie within 0.7 and 1.2 after five rounds.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8
_LEAST = 1e-14  # keeps a matrix of zeros from being divided by its norm


def muon_groups(network: nn.Module, last: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The parameter groups for `Muon`; `last` is the layer that gives the logits.

    Orthogonal steps are for weights that mix channels: not for the last layer, nor for the first layer of a grey photo
    or a depthwise convolution, whose kernels see one channel each.
    """
    others = {id(value) for value in last.parameters()}
    matrices = [
        value for value in network.parameters() if value.ndim > 1 and value.shape[1] > 1 and id(value) not in others
    ]
    taken = {id(value) for value in matrices}
    rest = [value for value in network.parameters() if id(value) not in taken]
    return [
        {"params": matrices, "orthogonal": True, "weight_decay": weight_decay},
        {"params": [value for value in rest if value.ndim > 1], "orthogonal": False, "weight_decay": weight_decay},
        {"params": [value for value in rest if value.ndim <= 1], "orthogonal": False, "weight_decay": 0.0},
    ]


class Muon(torch.optim.Optimizer):
    """Orthogonal steps for groups with `orthogonal`, AdamW for the others."""

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float) -> None:
        """`groups` as `muon_groups` makes them; `lr` is the rate of both kinds of step."""
        super().__init__([group for group in groups if group["params"]], {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; `closure`, where given, computes loss and gradients first."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            (self._turn if group["orthogonal"] else self._adam)(group)
        return loss

    def _turn(self, group: dict[str, Any]) -> None:
        rate, keep = group["lr"], 1 - group["lr"] * group["weight_decay"]
        for value in group["params"]:
            if value.grad is None:
                continue
            state = self.state[value]
            if not state:
                state["momentum"] = torch.zeros_like(value)
            momentum = state["momentum"].lerp_(value.grad, 1 - MOMENTUM)
            # Nesterov's look ahead, as in the original.
            direction = value.grad.lerp(momentum, MOMENTUM).flatten(1)
            size = ADAM_SIZE * max(direction.shape) ** 0.5
            value.mul_(keep).add_(orthogonalise(direction).view(value.shape), alpha=-rate * size)

    def _adam(self, group: dict[str, Any]) -> None:
        values = [value for value in group["params"] if value.grad is not None]
        for value in values:
            if not self.state[value]:
                self.state[value] = {
                    "step": torch.zeros(()),
                    "mean": torch.zeros_like(value),
                    "square": torch.zeros_like(value),
                }
        states = [self.state[value] for value in values]
        adamw(
            values,
            [value.grad for value in values],
            [state["mean"] for state in states],
            [state["square"] for state in states],
            [],
            [state["step"] for state in states],
            amsgrad=False,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=_EPSILON,
            maximize=False,
        )


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """R×C → about the nearest (semi-)orthogonal R×C, by a Newton-Schulz iteration without any decomposition."""
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    turned = _by_rounds(wide) if matrix.is_cuda else _by_gram(wide)
    return turned.T if tall else turned


def _by_rounds(x: torch.Tensor) -> torch.Tensor:
    """The iteration as Jordan et al. have it, which bears bf16: X ← aX + (bG + cG²)X with G = XXᵀ."""
    a, b, c = _COEFFICIENTS
    turned: torch.Tensor = x.bfloat16()
    turned = turned / (turned.norm() + _LEAST**0.5)
    for _ in range(_ROUNDS):
        square = turned @ turned.T
        turned = a * turned + (b * square + c * square @ square) @ turned
    return turned.to(x.dtype)


def _by_gram(x: torch.Tensor) -> torch.Tensor:
    """The same X from its small square G alone, in float32 ("Gram Newton-Schulz", Dao et al., 2026).

    Each round multiplies X by the polynomial P = aI + bG + cG², and so G by P twice; the product of all P meets X once,
    at the end. A kernel's matrix is many times as wide as high, and X would be read from memory ten times.
    """
    square = x @ x.T
    size = square.trace() + _LEAST  # the squared norm of X
    square = square / size
    product = step = _polynomial(square)
    for _ in range(_ROUNDS - 1):
        square = step @ square @ step
        step = _polynomial(square)
        product = step @ product
    turned: torch.Tensor = (product @ x) * size.rsqrt()
    return turned


def _polynomial(square: torch.Tensor) -> torch.Tensor:
    """G → aI + bG + cG²."""
    a, b, c = _COEFFICIENTS
    result = torch.addmm(square, square, square, beta=b, alpha=c)
    result.diagonal().add_(a)
    return result
