"""Trainings in this process: with other settings, watched, and interrupted as a user would."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tilecli import progress
from tilecli.config import Params
from tilecli.layout import Project
from tilecli.learning.fit import train


def change(params: Params, **settings: Any) -> Params:
    """The same, with other settings of `train`."""
    return params.model_copy(update={"train": params.train.model_copy(update=settings)})


def run(project: Project, params: Params, *, resume: bool = False) -> list[progress.Event]:
    """Train, and what was told meanwhile."""
    events: list[progress.Event] = []
    with progress.listen(events.append):
        train(project, params, resume=resume)
    return events


def interrupt_after(epoch: int, project: Project, params: Params) -> None:
    """Train, and press Ctrl-C during the epoch that follows `epoch`."""

    def listen(event: progress.Event) -> None:
        if event.kind == "epoch" and event.done == epoch:
            os.kill(os.getpid(), signal.SIGINT)

    with progress.listen(listen), pytest.raises(KeyboardInterrupt):
        train(project, params, resume=False)
