"""Where the time of a training goes, measured on the trainer itself, and how near that is to what the machine can do.

Each part is timed until the device has really finished it. On a GPU this waiting costs a little, so a training is
somewhat faster than its profile says.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.data.datamodule import CropBatch
from tilecli.layout import Project
from tilecli.learning import losses, names, short, stride
from tilecli.learning.callbacks import StepTicks
from tilecli.learning.compiling import compile_wanted
from tilecli.learning.precision import Precision
from tilecli.learning.short import Ready
from tilecli.learning.task import SegmentationTask

STEPS = 20
WARMUP = 5
PARTS = ("data", "forward", "backward", "optimiser", "loop")
_PEAK_RUNS = 8


@dataclass(frozen=True)
class Profile:
    """Times of one mean step and of one validation, and rates that follow from them."""

    steps: int  # that were measured
    ms: dict[str, float]  # of each of `PARTS` in a step
    validation_s: float
    epoch: dict[str, float]  # share of a mean epoch of the run, 0–1, of each of `PARTS` and of `validation`
    photos_per_s: float  # crops per second of training, without validation
    step_gflop: float  # forward and backward, counted
    gflops: float  # reached during forward and backward
    peak_gflops: float  # of a large multiplication or convolution in the same number format, same run
    precision: str
    device: str
    threads: int

    @property
    def network_share(self) -> float:
        """Share of a step that forward and backward take, 0–1."""
        return (self.ms["forward"] + self.ms["backward"]) / sum(self.ms.values())

    @property
    def peak_share(self) -> float:
        """Share of the hardware's peak that forward and backward reach, 0–1."""
        return self.gflops / self.peak_gflops


def profile(project: Project, settings: TrainParams, steps: int = STEPS) -> Profile:
    """Train `steps` steps (after a few that do not count), validate once, and say where the time went."""
    names.check_names(settings.arch, settings.encoder)
    total = WARMUP + steps
    with short.short_run(project, settings, total) as ready, progress.task("profile", total, "steps") as ticks:
        clock = _Clock(ready.chosen.device)
        flop = _flop_of_step(ready)
        peak = peak_flops(ready.chosen)
        compiled = compile_wanted(ready.network, settings, ready.chosen, settings.epochs * settings.steps_per_epoch)
        task = _TimedTask(ready.network, ready.settings, ready.chosen, steps=total, compiled=compiled, clock=clock)
        _time_data(ready, clock)
        short.run(ready, task, StepTicks(ticks), validate=True)
        crops = settings.steps_per_epoch * settings.accumulate * settings.batch_size or ready.photos.photos["train"]
        per_epoch = -(-crops // settings.batch_size)
        ms = {name: 1e3 * clock.seconds[name] / steps for name in PARTS}
        spent = {name: per_epoch * value / 1e3 for name, value in ms.items()}
        spent["validation"] = clock.validation * stride.share(settings.epochs, settings.valid_every)
        epoch_s = sum(spent.values())
        return Profile(
            steps=steps,
            ms=ms,
            validation_s=clock.validation,
            epoch={name: value / epoch_s for name, value in spent.items()},
            photos_per_s=1e3 * settings.batch_size / sum(ms.values()),
            step_gflop=flop / 1e9,
            gflops=flop / 1e6 / (ms["forward"] + ms["backward"]),
            peak_gflops=peak / 1e9,
            precision=ready.chosen.name,
            device=ready.chosen.device,
            threads=ready.chosen.threads,
        )


def peak_flops(chosen: Precision) -> float:
    """The most operations per second of a large matrix product and a large convolution, in `chosen`'s format."""
    cuda = chosen.device.startswith("cuda")
    kind = chosen.autocast or torch.float32
    side, channels, pixels = (8192, 256, 128) if cuda else (1536, 64, 64)
    one, other = (torch.rand(side, side, device=chosen.device, dtype=kind) for _ in range(2))
    image = torch.rand(16, channels, pixels, pixels, device=chosen.device, dtype=kind)
    image = image.contiguous(memory_format=chosen.memory_format)
    weight = torch.rand(channels, channels, 3, 3, device=chosen.device, dtype=kind)
    weight = weight.contiguous(memory_format=chosen.memory_format)
    work: list[tuple[Callable[[], torch.Tensor], float]] = [
        (lambda: one @ other, 2.0 * side**3),
        (lambda: torch.nn.functional.conv2d(image, weight, padding=1), 2.0 * 16 * (pixels * channels) ** 2 * 9),
    ]
    with torch.inference_mode():
        return max(flop / _fastest(do, chosen.device) for do, flop in work)


def _fastest(do: Callable[[], torch.Tensor], device: str) -> float:
    """Least wall time of `do`, s."""
    taken = []
    for _ in range(_PEAK_RUNS):
        _wait(device)
        began = time.perf_counter()
        do()
        _wait(device)
        taken.append(time.perf_counter() - began)
    return min(taken)


def _flop_of_step(ready: Ready) -> float:
    """Operations of forward and backward of one batch, counted on a copy of the network."""
    settings, device = ready.settings, ready.chosen.device
    net = copy.deepcopy(ready.network).to(device).train()
    size = settings.crop_size
    image = torch.zeros(1, settings.channels, size, size, device=device).repeat(2, 1, 1, 1)
    counter = FlopCounterMode(display=False)
    with counter:
        sums = losses.sums_of(net(image), torch.zeros(2, size, size, device=device))
        losses.loss_of(settings.loss, sums, settings.dice_over).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    # Two crops, because batch norm cannot learn from one pixel of one crop; operations grow with the batch.
    return float(counter.get_total_flops()) * settings.batch_size / 2


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


class _Clock:
    """Adds the time since the last mark to a part."""

    def __init__(self, device: str) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.validation = 0.0
        self._device, self._last = device, time.perf_counter()

    def mark(self, part: str) -> None:
        """What was done since the last mark was `part`."""
        now = self.lap()
        self.seconds[part] += now

    def lap(self) -> float:
        """Seconds since the last mark, which this one replaces."""
        _wait(self._device)
        now = time.perf_counter()
        since, self._last = now - self._last, now
        return since

    def restart(self) -> None:
        """Forget what was counted."""
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.lap()


class _TimedTask(SegmentationTask):
    """The task itself, with marks between its parts."""

    def __init__(self, *args: Any, clock: _Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock

    def on_train_batch_start(self, batch: CropBatch, batch_idx: int) -> None:
        """From the batch's arrival to here it was Lightning's own work."""
        self._clock.mark("loop")
        super().on_train_batch_start(batch, batch_idx)

    def training_step(self, batch: CropBatch, batch_idx: int) -> torch.Tensor:
        """Forward, with the loss."""
        loss = super().training_step(batch, batch_idx)
        self._clock.mark("forward")
        return loss

    def on_after_backward(self) -> None:
        """Gradients are there."""
        super().on_after_backward()
        self._clock.mark("backward")

    def on_train_batch_end(self, *args: Any) -> None:
        """Weights and their average are there."""
        super().on_train_batch_end(*args)
        self._clock.mark("optimiser")
        if args[2] == WARMUP - 1:
            self._clock.restart()

    def on_validation_epoch_start(self) -> None:
        """Start the validation's clock."""
        self._clock.lap()
        super().on_validation_epoch_start()

    def on_validation_epoch_end(self) -> None:
        """Stop it."""
        super().on_validation_epoch_end()
        self._clock.validation = self._clock.lap()


def _time_data(ready: Ready, clock: _Clock) -> None:
    loader = ready.photos.train_dataloader()
    ready.photos.train_dataloader = lambda: _TimedLoader(loader, clock)  # type: ignore[method-assign,assignment,return-value]


class _TimedLoader:
    """A loader that says how long its batches let one wait."""

    def __init__(self, loader: DataLoader[CropBatch], clock: _Clock) -> None:
        self._loader, self._clock = loader, clock

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[CropBatch]:
        batches = iter(self._loader)
        while True:
            self._clock.mark("loop")
            try:
                batch = next(batches)
            except StopIteration:
                return
            self._clock.mark("data")
            yield batch
