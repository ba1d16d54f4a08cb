"""What happens around the steps: the end of an epoch is recorded and saved, and a wish to stop is granted.

How the records and checkpoints look is in `tilecli.learning.record` and `tilecli.learning.checkpoint`.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from types import TracebackType
from typing import Any

from tilecli import files, lightning, progress
from tilecli.layout import Project
from tilecli.learning import checkpoint
from tilecli.learning.budget import Budget
from tilecli.learning.checkpoint import Facts
from tilecli.learning.record import Record
from tilecli.learning.task import SegmentationTask


class EpochEnd(lightning.Callback):
    """After each epoch: record, then the best checkpoint, then the last one, then tell.

    In this order a kill between any two of them loses nothing but the epoch: what was recorded too much is dropped
    when the run is resumed, and an epoch that comes again gives the same best checkpoint again.
    """

    def __init__(
        self,
        project: Project,
        facts: Facts,
        data: str,
        *,
        epochs: int,
        patience: int,
        batch: int,
        state: dict[str, Any] | None,
        budget: Budget | None = None,
    ) -> None:
        """`facts` of the run, `data` the fingerprint of photos and split, `batch` crops per batch.

        `state` is what an earlier run's checkpoint kept for this class. A `budget` decides instead of `epochs`.
        """
        before = state or {"epoch": 0, "seconds": 0.0, "best": None}
        self.best: dict[str, float] | None = before["best"]
        self._best_weights = before.get("best_weights")
        if self.best is not None and not (project.checkpoints / checkpoint.BEST).is_file():
            self.best = None  # somebody took it away; the next epoch makes a new one
        self.seconds = float(before["seconds"])  # all epochs so far, also those of interrupted runs
        self.done = int(before["epoch"])
        self._project, self._facts, self._data = project, facts, data
        self._epochs, self._patience, self._batch, self._budget = epochs, patience, batch, budget
        self.series: dict[str, float] = {}  # of the last epoch
        self.figures: dict[str, Any] = {}
        self._record = Record(project.training, after=self.done)
        self._started = self._trained = 0.0
        self._run: list[float] = []  # seconds of each epoch of this process

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_validation_start(self, *_: Any) -> None:
        """Stop the clock of the training half."""
        self._trained = time.monotonic() - self._started

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Record and save."""
        task = pl_module
        assert isinstance(task, SegmentationTask)  # noqa: S101 - for mypy; there is no other
        self.done = task.epochs_done + 1
        self._run.append(time.monotonic() - self._started)
        self.seconds += self._run[-1]
        # A run that ends on time may cut its last epoch short.
        trained = self._trained if task.validated else self._run[-1]
        speed = (trainer.fit_loop.batch_idx + 1) * self._batch / max(trained, 1e-9)
        better = task.validated and self._is_better(task)
        if better:
            dice, threshold = task.valid.best
            self.best = {"epoch": self.done, "dice": dice, "threshold": threshold, "loss": task.valid_loss}
        self._note_down(task, speed)
        if better:
            self._save_best(task)
        self._save_last(trainer)
        self._tell(task, speed)
        self._stop_where_due(trainer)

    def _tell(self, task: SegmentationTask, speed: float) -> None:
        per_epoch = sorted(self._run)[len(self._run) // 2]
        left = (self._epochs - self.done) * per_epoch
        if self._budget:
            left = 0.0 if self._budget.is_over() else self._budget.left
        values = {"loss": task.train_loss}
        if task.validated:
            values |= {"valid_loss": task.valid_loss, "valid_dice": task.valid.dice}
        values |= {"photos_per_s": speed, "lr": task.rate, "seconds_left": left}
        if self.best is not None:
            values |= {"best_dice": self.best["dice"], "best_epoch": self.best["epoch"]}
        total = self.done + math.ceil(left / per_epoch) if self._budget else self._epochs
        progress.epoch(self.done, total, **values)

    def is_last(self, number: int) -> bool:
        """Whether epoch `number` (from 1) ends the run as planned."""
        return self._budget.is_over() if self._budget else number >= self._epochs

    def _stop_where_due(self, trainer: lightning.Trainer) -> None:
        if self.best is None or self.is_last(self.done):
            return
        if self._patience and self.done - self.best["epoch"] >= self._patience:
            progress.note(f"stopped after epoch {self.done}: no better valid Dice in {self._patience} epochs")
            trainer.should_stop = True
        if progress.finish_wanted():
            planned = "" if self._budget else f" of {self._epochs}"
            progress.note(f"ended after epoch {self.done}{planned}, as was asked for")
            trainer.should_stop = True

    def _is_better(self, task: SegmentationTask) -> bool:
        """Higher valid Dice at its best threshold; where that is equal the lower valid loss."""
        if self.best is None:
            return True
        return (task.valid.best[0], -task.valid_loss) > (self.best["dice"], -self.best["loss"])

    def _note_down(self, task: SegmentationTask, speed: float) -> None:
        self.series = {"train/loss": task.train_loss, "lr": task.rate}
        if task.validated:
            dice, threshold = task.valid.best
            self.series |= {
                "valid/loss": task.valid_loss,
                "valid/dice": task.valid.dice,
                "valid/dice_best": dice,
                "valid/threshold": threshold,
                "valid/jaccard": task.valid.jaccard,
                "valid/foreground_acc": task.valid.foreground_acc,
            }
        best = {}
        if self.best is not None:  # 0.5 in a run that was begun before the threshold was chosen
            best = {"threshold": 0.5} | {name: self.best[name] for name in self.best if name != "loss"}
        self.figures = {
            "epoch": self.done,
            **{f"best/{name}": best[name] for name in ("dice", "threshold", "epoch") if best},
            "seconds": round(self.seconds, 1),
            "photos_per_s": round(speed, 2),
            "resumed": self._facts["resumed"],
        }
        self._record.epoch(self.done, self.series, self.figures)

    def facts(self) -> Facts:
        """The run's facts with those of its best epoch."""
        if self.best is None:  # nothing was validated yet
            return dict(self._facts)
        return {**self._facts, "epoch": self.best["epoch"], "valid_dice": self.best["dice"]}

    def _save_best(self, task: SegmentationTask) -> None:
        weights = task.deployed_weights()
        self._best_weights = {name: value.detach().cpu().clone() for name, value in weights.items()}
        checkpoint.write_best(self._project.checkpoints / checkpoint.BEST, weights, self.facts())

    def _save_last(self, trainer: lightning.Trainer) -> None:
        run = {"epochs": self.done, "seconds": round(self.seconds, 1)}
        files.write_json(self._project.training / "run.json", {**self.facts(), **run})
        with files.whole_file(self._project.checkpoints / checkpoint.LAST) as temporary:
            trainer.save_checkpoint(temporary)

    def on_save_checkpoint(self, *args: Any) -> None:
        """Put what resuming needs into Lightning's checkpoint."""
        content: dict[str, Any] = args[2]
        content[checkpoint.OURS] = {
            "facts": self._facts,
            "data": self._data,
            "epoch": self.done,
            "seconds": self.seconds,
            "best": self.best,
            "best_weights": self._best_weights,
        }


class StepTicks(lightning.Callback):
    """Advances a progress task with each step of the optimiser: by one, or by the seconds of a `budget` it took."""

    def __init__(self, ticks: progress.Task, batches: int = 1, budget: Budget | None = None) -> None:
        """`batches` make a step."""
        self._ticks, self._batches, self._budget = ticks, batches, budget

    def on_train_batch_end(self, *args: Any) -> None:
        """One more step is done, if this was its last batch."""
        number: int = args[4]
        if (number + 1) % self._batches == 0:
            self._ticks.advance(self._budget.spent - self._ticks.done if self._budget else 1)


class StopRequestedError(BaseException):
    """Ends Lightning's loop; it would take a KeyboardInterrupt for a reason to exit the process."""


class StopOnSignal(lightning.Callback):
    """Turns SIGINT and SIGTERM into an orderly end after the present step, for the length of a `with` block.

    A second signal ends at once. The block then raises KeyboardInterrupt, whatever became of the signal on its way
    through Lightning.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        # Only the main thread may handle signals; elsewhere (a test, a server) nobody sends us any.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.requested:
            raise KeyboardInterrupt from None

    def _on_signal(self, *_: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def on_train_batch_end(self, *_: Any) -> None:
        """Stop between two steps."""
        self.check()

    def on_validation_batch_end(self, *_: Any) -> None:
        """Stop between two photos."""
        self.check()

    def check(self) -> None:
        """Raise StopRequestedError, which the `with` block turns into KeyboardInterrupt, if a signal has come."""
        if self.requested:
            raise StopRequestedError
