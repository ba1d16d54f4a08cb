"""Training by the clock: how much of the time is gone, and an end that comes on time.

The learning rate then follows the clock instead of the steps, so the run's last steps are its smallest on any
machine. The price: the same seed no longer gives the same figures to the last bit.
"""

from __future__ import annotations

import time
from typing import Any

from tilecli import lightning
from tilecli.config import TrainParams

# Parts into which the time is divided for the schedule, which counts in whole steps.
_PARTS = 1_000_000
STATE = "budget"  # the key of our state in Lightning's checkpoint


class Budget:
    """Seconds that a training may take, those of earlier, interrupted runs included."""

    def __init__(self, seconds: float, spent: float = 0.0, before_steps: float = 0.0, share: float = 0.0) -> None:
        """Starts the clock. `spent` s are gone already, of them `before_steps` before the first step.

        share: what `share()` had come to by then.
        """
        self.seconds, self.before_steps = seconds, before_steps
        self.reserve = 0.0  # s, kept for the last validation
        self._began = time.monotonic() - spent
        self._share = share

    @property
    def spent(self) -> float:
        """Seconds gone so far."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.seconds - self.spent)

    def share(self) -> float:
        """How much of the time for steps is gone, 0–1; never falls, even where the reserve shrinks."""
        for_steps = max(1e-9, self.seconds - self.reserve - self.before_steps)
        self._share = max(self._share, min(1.0, (self.spent - self.before_steps) / for_steps))
        return self._share

    def begin_steps(self) -> None:
        """What is gone by now went into pre-training: the schedule of the steps starts here."""
        self.before_steps, self._share = self.spent, 0.0

    def is_over(self) -> bool:
        """Whether no time for another step is left."""
        return self.share() >= 1.0

    def place(self) -> tuple[int, int]:
        """The present moment as a step of a total, for a schedule that counts steps."""
        return min(int(self.share() * _PARTS), _PARTS - 1), _PARTS


def budget_of(settings: TrainParams, restored: dict[str, Any] | None) -> Budget | None:
    """The clock that `settings` ask for, going on from the checkpoint `restored`; None where steps are counted."""
    if not settings.time_budget:
        return None
    state = dict((restored or {}).get(STATE, {}))
    # A run that ended a moment early is over all the same; with another budget it is not.
    if state.pop("seconds", None) != settings.time_budget:
        state.pop("share", None)
    return Budget(settings.time_budget, **state)


class EndOnTime(lightning.Callback):
    """Ends the run, within an epoch where need be, when the time for steps is gone.

    What the last validation will take is known from the ones before; of a run that ends before its first one it comes
    on top.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._validation_began = 0.0

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Stop after this step where no time is left; Lightning then validates and ends the epoch."""
        if self._budget.is_over():
            trainer.should_stop = True
            trainer.check_val_every_n_epoch = 1

    def on_validation_start(self, *_: Any) -> None:
        """Start the validation's clock."""
        self._validation_began = time.monotonic()

    def on_validation_end(self, *_: Any) -> None:
        """Keep as much time as this validation took for the last one."""
        self._budget.reserve = time.monotonic() - self._validation_began

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Start no epoch for which there is no time."""
        if self._budget.is_over():
            trainer.should_stop = True

    def on_save_checkpoint(self, *args: Any) -> None:
        """Keep the time that is gone, for a resumed run."""
        content: dict[str, Any] = args[2]
        clock = self._budget
        content[STATE] = {
            "seconds": clock.seconds,
            "spent": clock.spent,
            "before_steps": clock.before_steps,
            "share": clock.share(),
        }
