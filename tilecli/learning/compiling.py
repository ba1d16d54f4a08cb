"""Whether a training's steps go through torch.compile, tried out before the training depends on it."""

from __future__ import annotations

import copy
import time

import torch
from torch import nn

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.learning import losses
from tilecli.learning.precision import Precision

# Compiling takes a minute or so; a run of fewer steps than this does not get it back.
_PAYS_FROM_STEPS = 2000


def compile_wanted(network: nn.Module, settings: TrainParams, chosen: Precision, steps: int) -> bool:
    """Whether to compile, for a run of about `steps` more steps; says why not where it was asked for and fails.

    `auto` compiles on a GPU only: on a CPU with AVX2 the steps of the cpu preset took as long as without it.
    """
    if settings.compile == "never" or (settings.compile == "auto" and not _pays(chosen, steps)):
        return False
    began = time.monotonic()
    try:
        _try(network, settings, chosen)
    except Exception as error:  # the compiler's back ends raise what they like: no C++ compiler, no Triton, a bug
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        say = progress.warn if settings.compile == "always" else progress.note
        say(f"torch.compile does not work here, the training goes on without it: {reason}")
        return False
    progress.note(f"compiled the network in {time.monotonic() - began:.0f} s")
    return True


def _pays(chosen: Precision, steps: int) -> bool:
    return chosen.device.startswith("cuda") and steps >= _PAYS_FROM_STEPS


def _try(network: nn.Module, settings: TrainParams, chosen: Precision) -> None:
    """One step of a copy: the real network's statistics stay as they are, and the compiler keeps what it made."""
    net = copy.deepcopy(network).to(chosen.device).to(memory_format=chosen.memory_format).train()
    size, count = settings.crop_size, settings.batch_size
    image = torch.rand(count, settings.channels, size, size, device=chosen.device)
    mask = torch.zeros(count, size, size, dtype=torch.uint8, device=chosen.device)
    with torch.autocast(torch.device(chosen.device).type, chosen.autocast, enabled=chosen.autocast is not None):
        logits = torch.compile(net.forward)(image.contiguous(memory_format=chosen.memory_format))
    sums = losses.sums_of(logits, mask, focal=losses.needs_focal(settings.loss))
    losses.loss_of(settings.loss, sums, settings.dice_over).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
