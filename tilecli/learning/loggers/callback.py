"""Tells the loggers what there is to tell: figures after each epoch, pictures every few epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tilecli import lightning, progress
from tilecli.data.datamodule import PhotoBatch
from tilecli.data.photos import Held
from tilecli.learning.callbacks import EpochEnd
from tilecli.learning.loggers import pictures
from tilecli.learning.loggers.interface import RunLogger
from tilecli.learning.task import SegmentationTask

STATE = "loggers"  # the key of our state in Lightning's checkpoint


class TellLoggers(lightning.Callback):
    """Stands after `EpochEnd`, whose figures it passes on: an epoch that was not saved is told by nobody.

    A logger that fails is given up with a warning; no training is lost to a full disk of a second record.
    """

    def __init__(
        self,
        loggers: dict[str, RunLogger],
        ends: EpochEnd,
        photos: Sequence[Held],
        *,
        every: int,
        is_last: Callable[[int], bool],
    ) -> None:
        """Pictures of the first of `photos` every `every` epochs (0: none) and of the last one."""
        self._loggers, self._ends, self._every, self._is_last = loggers, ends, every, is_last
        self._chosen = {held.name for held in pictures.choose(photos)} if every else set()
        self._drawn = -every  # the epoch of the last pictures
        self._identities = {name: logger.identity for name, logger in loggers.items()}

    def on_validation_batch_end(self, _: lightning.Trainer, pl_module: lightning.LightningModule, *rest: Any) -> None:
        """Draw the chosen photos of this batch, as what is being validated predicted them."""
        assert isinstance(pl_module, SegmentationTask)  # noqa: S101 - for mypy; there is no other
        number = pl_module.epochs_done + 1
        batch = next(part for part in rest if isinstance(part, PhotoBatch))
        if not self._chosen or not (number - self._drawn >= self._every or self._is_last(number)):
            return
        for shown in pictures.shown(batch.photos, pl_module.maps, self._chosen):
            self._tell("picture", number, shown.name, pictures.picture(shown.photo, shown.truth, shown.prediction))

    def on_validation_end(self, _: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Remember when pictures were drawn."""
        assert isinstance(pl_module, SegmentationTask)  # noqa: S101 - for mypy
        number = pl_module.epochs_done + 1
        if number - self._drawn >= self._every:
            self._drawn = number

    def on_train_epoch_end(self, *_: Any) -> None:
        """Pass the epoch's figures on."""
        figures = {name: value for name, value in self._ends.figures.items() if name not in {"epoch", "resumed"}}
        values = {name: float(value) for name, value in {**self._ends.series, **figures}.items()}
        self._tell("epoch", self._ends.done, values)

    def on_save_checkpoint(self, *args: Any) -> None:
        """Keep what the tools call this run, for a resumed one."""
        content: dict[str, Any] = args[2]
        content[STATE] = dict(self._identities)

    def _tell(self, what: str, *words: Any) -> None:
        for name, logger in list(self._loggers.items()):
            try:
                getattr(logger, what)(*words)
            except Exception as error:  # each tool has errors of its own
                progress.warn(f"{name} is given up, the training goes on without it: {error}")
                del self._loggers[name]
