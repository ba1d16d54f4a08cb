"""Weights & Biases, offline: files that `wandb sync logs/wandb/wandb/offline-run-…` sends where the user wants them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import wandb

from tilecli.data.preprocess import Uint8
from tilecli.learning.loggers.interface import Ending, Run


class WandbLogger:
    """See `RunLogger`."""

    def __init__(self, run: Run) -> None:
        run.folder.mkdir(parents=True, exist_ok=True)
        self.identity = run.identity or secrets.token_hex(4)
        quiet = wandb.Settings(
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            x_disable_meta=True,
            x_disable_stats=True,
        )
        self._run: Any = wandb.init(
            project=run.project,
            name=run.name,
            id=self.identity,
            dir=str(run.folder),
            config={**run.settings, **run.facts},
            mode="offline",
            resume="allow" if run.after else None,
            settings=quiet,
        )

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Figures of one step."""
        self._run.log(dict(values), step=number)

    def picture(self, number: int, name: str, image: Uint8) -> None:
        """An image of the same step."""
        self._run.log({f"pictures/{name}": wandb.Image(image)}, step=number)

    def end(self, how: Ending) -> None:
        """Say how it ended and wait for the files."""
        self._run.finish(exit_code=0 if how == "finished" else 1)
