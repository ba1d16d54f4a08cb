"""From `train.loggers` to open loggers. Light: a tool is imported when its logger is opened, and not before."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tilecli import files, progress
from tilecli.errors import MissingExtraError
from tilecli.layout import Project
from tilecli.learning.loggers.interface import Ending, Run, RunLogger

_CLASSES = {"tensorboard": "TensorBoardLogger", "mlflow": "MlflowLogger", "wandb": "WandbLogger"}
# The experiment's name, set by DVC for the stages of one.
_NAME_VARIABLE = "DVC_EXP_NAME"


def check_loggers(names: Sequence[str]) -> None:
    """Raise MissingExtraError for the first logger whose package is not installed."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(name, name)


def run_name() -> str:
    """What this training is called."""
    return os.environ.get(_NAME_VARIABLE) or "workspace"


@contextlib.contextmanager
def open_loggers(
    project: Project, names: Sequence[str], run: Run, identities: dict[str, str]
) -> Iterator[dict[str, RunLogger]]:
    """The loggers called `names` for the length of the block; they are told whether it ended well.

    `run` says everything but each logger's folder and what it called the interrupted run (`identities`). All runs of
    a project share `logs/`, which hides itself from git; a queued run writes to the project that it was queued in.
    """
    opened: dict[str, RunLogger] = {}
    how: Ending = "failed"
    if names:
        files.write_text(project.logs / ".gitignore", "*\n")
    try:
        for name in names:
            module = importlib.import_module(f"tilecli.learning.loggers.{name}")
            folder = project.logs / name
            opened[name] = getattr(module, _CLASSES[name])(
                replace(run, folder=folder, identity=identities.get(name, ""))
            )
        yield opened
        how = "finished"
    except KeyboardInterrupt:
        how = "stopped"
        raise
    finally:
        for name, logger in opened.items():
            try:
                logger.end(how)
            except Exception as error:  # each tool has errors of its own, and the training itself is done
                progress.warn(f"the record of {name} was not closed: {error}")
