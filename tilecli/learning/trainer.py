"""Lightning's Trainer as everything here uses it: one device, silent, writing nothing of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytorch_lightning as lightning

from tilecli.learning.precision import Precision


def make_trainer(
    chosen: Precision,
    *,
    epochs: int,
    callbacks: Sequence[lightning.Callback],
    folder: Path,
    validate: bool = True,
) -> lightning.Trainer:
    """A trainer for `epochs` epochs (-1: until a callback ends it), with or without validation."""
    return lightning.Trainer(
        accelerator="cpu" if chosen.device == "cpu" else "cuda",
        devices=1 if chosen.device == "cpu" else [int(chosen.device.partition(":")[2])],
        precision=chosen.lightning,
        max_epochs=epochs,
        callbacks=list(callbacks),
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
