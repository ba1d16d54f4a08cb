"""Lightning's Trainer as everything here uses it: one device, silent, writing nothing; and what is around it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from tilecli import hardware, lightning
from tilecli.learning.precision import Precision

_MAX_WORKERS = 8  # processes that cut crops for a GPU; more of them wait for each other


def count_workers(chosen: Precision) -> int:
    """Processes that cut crops; none on a CPU, where they would only take cores from the network."""
    return min(_MAX_WORKERS, hardware.usable_cores() - 1) if chosen.device != "cpu" else 0


def make_trainer(
    chosen: Precision,
    *,
    epochs: int,
    callbacks: Sequence[lightning.Callback],
    folder: Path,
    accumulate: int = 1,
    validate: bool = True,
) -> lightning.Trainer:
    """A trainer for `epochs` epochs (-1: until a callback ends it), with or without validation.

    accumulate: batches per step of the optimiser.
    """
    return lightning.Trainer(
        accelerator="cpu" if chosen.device == "cpu" else "cuda",
        devices=1 if chosen.device == "cpu" else [int(chosen.device.partition(":")[2])],
        precision=chosen.lightning,
        max_epochs=epochs,
        callbacks=list(callbacks),
        accumulate_grad_batches=accumulate,
        limit_val_batches=None if validate else 0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        default_root_dir=str(folder),
        # Lets cuDNN time its algorithms: crops are all of one size. No effect on a CPU.
        benchmark=chosen.name != "fp32",
    )


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads for the length of the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Lightning's tips and warnings are for its users; ours have `progress`."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric", "lightning")]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in before:
            logger.setLevel(level)
