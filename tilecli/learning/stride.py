"""Which epochs are validated: early on, where nothing is decided yet, only every few of them."""

from __future__ import annotations

from typing import Any

from tilecli import lightning
from tilecli.learning.budget import Budget

_NEVER = 2**31


class ValidateOnStride(lightning.Callback):
    """Validates every `every`-th epoch in the first half of a run, and every epoch from then on."""

    def __init__(self, every: int, *, epochs: int, done: int, budget: Budget | None) -> None:
        """`epochs` of the whole run, `done` of them before this process; a `budget` says instead where half is."""
        self._every, self._epochs, self._done, self._budget = every, epochs, done, budget

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Tell Lightning whether this epoch ends with a validation."""
        number = self._done + trainer.current_epoch + 1
        gone = self._budget.share() if self._budget else number / self._epochs
        trainer.check_val_every_n_epoch = 1 if is_due(number, gone, self._every) else _NEVER


def is_due(number: int, gone: float, every: int) -> bool:
    """Whether epoch `number` (from 1) is validated when the share `gone` (0–1) of the run lies behind."""
    return number % every == 0 or gone > 0.5


def share(epochs: int, every: int) -> float:
    """Share of a run's epochs that is validated, 0–1."""
    return sum(is_due(number, number / epochs, every) for number in range(1, epochs + 1)) / epochs
