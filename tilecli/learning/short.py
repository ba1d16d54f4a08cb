"""A few steps of a training that leave nothing behind: for looking at rates and at speed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tilecli import lightning
from tilecli.config import TrainParams
from tilecli.data.classlist import read_classes
from tilecli.data.datamodule import TileData
from tilecli.layout import Project
from tilecli.learning import network, precision
from tilecli.learning.allocator import keep_freed_memory
from tilecli.learning.callbacks import StopOnSignal
from tilecli.learning.precision import Precision
from tilecli.learning.task import SegmentationTask
from tilecli.learning.trainer import count_workers, make_trainer, quiet_libraries, torch_threads


@dataclass(frozen=True)
class Ready:
    """What a training would start from."""

    settings: TrainParams  # of the one epoch that is run
    network: nn.Module
    photos: TileData
    chosen: Precision


@contextlib.contextmanager
def short_run(project: Project, settings: TrainParams, steps: int) -> Iterator[Ready]:
    """Everything for one epoch of `steps` steps of one batch each with `settings`, seeded as a training would be.

    Raises ModelError or DataError for what the user can mend.
    """
    update = {"steps_per_epoch": steps, "epochs": 1, "time_budget": 0, "accumulate": 1}
    settings = settings.model_copy(update=update)
    chosen = precision.choose(settings)
    keep_freed_memory()
    with quiet_libraries(), torch_threads(chosen.threads):
        torch.manual_seed(settings.seed)
        classes = read_classes(project.classes)
        built = network.build(settings, weights=True, outputs=max(1, len(classes)))
        photos = TileData(project, settings, multiple=built.multiple, workers=count_workers(chosen))
        yield Ready(settings, built.network, photos, chosen)


def run(ready: Ready, task: SegmentationTask, *callbacks: lightning.Callback, validate: bool) -> None:
    """Run the epoch. Raises KeyboardInterrupt after Ctrl-C."""
    with tempfile.TemporaryDirectory() as folder, StopOnSignal() as stop:
        trainer = make_trainer(
            ready.chosen, epochs=1, callbacks=[stop, *callbacks], folder=Path(folder), validate=validate
        )
        trainer.fit(task, datamodule=ready.photos)
