"""Learning what surfaces look like before learning what is wrong with them: no masks, good photos included.

Masked image modelling as SimMIM does it (Xie et al., CVPR 2022), for any network that maps images to maps: random
blocks of a crop are hidden, and the network fills them in. Its last layer is another one meanwhile and is thrown away.
Interrupted, it starts again from the beginning: nothing of it is kept but the weights that the training starts from.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.data.datamodule import CropBatch, TileData
from tilecli.errors import ModelError
from tilecli.learning import network as networks
from tilecli.learning.callbacks import StopOnSignal
from tilecli.learning.precision import Precision
from tilecli.learning.schedule import learning_rate

_BLOCK = 16  # px, side of a hidden block: wider than the grain of a surface, which could be copied from beside it
_HIDDEN = 0.5  # share of the blocks


def pretrain(
    network: nn.Module, photos: TileData, settings: TrainParams, chosen: Precision, stop: StopOnSignal
) -> dict[str, Any]:
    """Train `network` in place for `settings.pretrain_epochs` epochs and return what run.json says of it.

    Steps per epoch, rate, warm-up and schedule are those of the training. Raises ModelError where it diverges, and
    what `stop` raises once a signal came.
    """
    epochs, steps = settings.pretrain_epochs, photos.steps
    start = time.monotonic()
    errors: list[float] = []
    network.to(chosen.device).to(memory_format=chosen.memory_format).train()
    with _filling_in(network, settings.channels, chosen), progress.task("pretrain", epochs * steps, "steps") as ticks:
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=settings.weight_decay, fused=True)
        # Only half precision has gradients too small for its range.
        scaler = torch.amp.GradScaler(chosen.device.partition(":")[0], enabled=chosen.name == "fp16")
        loader = photos.pretraining_dataloader()
        for epoch in range(epochs):
            losses = []
            for batch in loader:
                step = epoch * steps + batch.step
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate(settings, step, epochs * steps)
                torch.manual_seed(settings.seed * 1_000_003 + step)
                loss = _error(network, batch, settings.seed * 1_000_003 + step, chosen)
                optimiser.zero_grad(set_to_none=True)
                scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                scaler.step(optimiser)
                scaler.update()
                losses.append(loss.detach())
                ticks.advance()
                stop.check()
            errors.append(float(torch.stack(losses).double().mean()))
            _check_finite(errors[-1], settings)
    progress.note(
        f"pre-training: the error of hidden blocks went from {errors[0]:.3f} to {errors[-1]:.3f} of the variance"
    )
    return {
        "epochs": epochs,
        "steps": epochs * steps,
        "errors": [round(error, 6) for error in errors],
        "seconds": round(time.monotonic() - start, 1),
    }


def hide(image: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """N×C×S×S crops with hidden blocks at 0, the photos' mean, and N×1×S×S 0/1 float: what is hidden."""
    count, _, height, width = image.shape
    blocks = torch.rand(count, 1, height // _BLOCK, width // _BLOCK, generator=generator) < _HIDDEN
    hidden = blocks.repeat_interleave(_BLOCK, dim=2).repeat_interleave(_BLOCK, dim=3).to(image)
    return image * (1 - hidden), hidden


def _error(network: nn.Module, batch: CropBatch, seed: int, chosen: Precision) -> torch.Tensor:
    """Mean squared error over the hidden pixels, in units of the photos' variance."""
    image = batch.image.to(chosen.device, non_blocking=True)
    shown, hidden = hide(image, torch.Generator().manual_seed(seed))
    kind = chosen.device.partition(":")[0]
    with torch.autocast(kind, chosen.autocast, enabled=chosen.autocast is not None):
        filled: torch.Tensor = network(shown.contiguous(memory_format=chosen.memory_format))
    squares: torch.Tensor = (filled.float() - image) ** 2 * hidden
    return squares.sum() / (hidden.sum() * image.shape[1]).clamp(min=1)


@contextlib.contextmanager
def _filling_in(network: nn.Module, channels: int, chosen: Precision) -> Iterator[None]:
    """Within, the network gives `channels` values per pixel; after, its own last layer is back, as it was."""
    owner, name = networks.last_layer(network)
    own = getattr(owner, name)
    head = nn.Conv2d(own.in_channels, channels, own.kernel_size, padding=own.padding)
    setattr(owner, name, head.to(chosen.device).to(memory_format=chosen.memory_format))
    try:
        yield
    finally:
        setattr(owner, name, own)


def _check_finite(error: float, settings: TrainParams) -> None:
    if not error < float("inf"):
        rate = settings.learning_rate
        raise ModelError(
            f"the pre-training diverged: the error is {error:g}",
            where=f"train.learning_rate = {rate:g}",
            hint=f"-S train.learning_rate={rate / 4:g}, or -S train.pretrain_epochs=0",
        )
