"""Changing the queue: new experiments, workers, stopping, trying again, forgetting."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tilecli import paramfile
from tilecli.errors import TilesError
from tilecli.experiments.queue.tasks import Queue
from tilecli.serving.problems import Kind, Problem
from tilecli.studio import aside, form
from tilecli.studio.studio import OfStudio

router = APIRouter(prefix="/api/queue")
_WRONG = Kind("wrong-setting", 422, "This setting cannot be")
_MOST_WORKERS = 64  # more is a slip of the keyboard

Typed = dict[str, str]  # dotted key → what stands in its field


class New(BaseModel):
    """An experiment to be queued."""

    name: str = ""  # empty: a readable one is chosen
    message: str = ""
    settings: Typed = {}


class Again(BaseModel):
    """How a failed or stopped experiment is tried again."""

    settings: Typed = {}
    fresh: bool = False  # from the start, which other settings mean anyway


class Workers(BaseModel):
    """How many shall be at work."""

    jobs: Annotated[int, Field(ge=1, le=_MOST_WORKERS)] = 1


class Stop(BaseModel):
    """What becomes of that which runs."""

    after: bool = False  # it comes to its end, and nothing is started after it


@router.get("/form")
def new_form(studio: OfStudio) -> dict[str, Any]:
    """The form of a new experiment, with the values of params.yaml."""
    return {"sections": form.sections(paramfile.load(studio.project.params))}


@router.get("/tasks/{name}/form")
def old_form(studio: OfStudio, name: str) -> dict[str, Any]:
    """The form of a task that is to be tried again, with the settings that it had."""
    from tilecli.experiments.queue.again import settings_of

    project = studio.project
    return {"sections": form.sections(settings_of(project, Queue(project).find(name)))}


@router.post("/tasks")
def add(studio: OfStudio, wanted: New) -> dict[str, Any]:
    """Queue an experiment with the files of the workspace as they are now."""
    project = studio.project
    now = paramfile.load(project.params)
    name = wanted.name.strip() or None
    if name is not None:
        _check_name(studio, name)
    with _blaming():
        changed = form.changes(now, wanted.settings)
        return aside.queue(project, changed, name, wanted.message.strip() or None)


@router.post("/tasks/{name}/retry")
def retry(studio: OfStudio, name: str, how: Again) -> dict[str, Any]:
    """Queue a failed or stopped one again: from its last epoch, or from the start where its settings are others."""
    from tilecli.experiments.queue.again import settings_of

    queue = Queue(studio.project)
    task = queue.find(name)
    with _blaming():
        changed = form.changes(settings_of(studio.project, task), how.settings) if how.settings else {}
        if changed:
            return aside.try_again(studio.project, task.name, changed)
    queue.retry([task.name], fresh=how.fresh)
    return {"name": task.name, "remarks": []}


@router.post("/tasks/{name}/stop")
def stop(studio: OfStudio, name: str) -> dict[str, Any]:
    """Ask one that runs to stop, or take one that waits back."""
    return {"stopped": [task.name for task in Queue(studio.project).stop([name])]}


@router.delete("/tasks/{name}")
def remove(studio: OfStudio, name: str) -> dict[str, Any]:
    """Forget one that does not run; an experiment that came of it stays."""
    return {"removed": [task.name for task in Queue(studio.project).clear([name])]}


@router.delete("/tasks")
def remove_done(studio: OfStudio) -> dict[str, Any]:
    """Forget those that are done; the experiments stay."""
    return {"removed": [task.name for task in Queue(studio.project).clear([], ("done",))]}


@router.post("/workers")
def start(studio: OfStudio, wanted: Workers) -> dict[str, Any]:
    """Start workers until as many are at work; they outlive this server."""
    from tilecli.experiments.queue.enqueue import start_workers

    return {"started": start_workers(studio.project, wanted.jobs)}


@router.post("/stop")
def stop_all(studio: OfStudio, how: Stop) -> dict[str, Any]:
    """Send the workers home, and stop what they run unless it is to come to its end."""
    queue = Queue(studio.project)
    for worker in queue.workers():
        queue.dismiss(str(worker["worker"]))
    running = [] if how.after else [task.name for task in queue.tasks() if task.state == "running"]
    return {"stopped": [task.name for task in queue.stop(running)]}


def _check_name(studio: OfStudio, name: str) -> None:
    from tilecli.experiments.project import experiment_names

    taken = {task.name for task in Queue(studio.project).tasks() if task.state != "done"}
    try:
        experiment_names(studio.project, [name], taken)
    except TilesError as error:
        raise _problem(error, "name") from None


@contextlib.contextmanager
def _blaming() -> Iterator[None]:
    """Within, an error about a setting says in `field` which one."""
    try:
        yield
    except TilesError as error:
        if not (field := form.blamed(error)):
            raise
        raise _problem(error, field) from None


def _problem(error: TilesError, field: str) -> Problem:
    return Problem(_WRONG, error.message, error.hint or "", extra={"field": field})
