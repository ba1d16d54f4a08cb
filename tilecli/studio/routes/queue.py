"""Changing the queue: new experiments, workers, stopping, trying again, forgetting."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tilecli import paramfile
from tilecli.experiments.queue.tasks import Queue
from tilecli.studio import aside, form, wanted
from tilecli.studio.studio import OfStudio
from tilecli.studio.wanted import Typed, blaming

router = APIRouter(prefix="/api/queue")
_MOST_WORKERS = 64  # more is a slip of the keyboard
_MOST_FOLDS = 100  # so is this


class New(BaseModel):
    """What is to be queued: an experiment, one for every combination of several values, or a cross-validation."""

    name: str = ""  # empty: a readable one is chosen
    message: str = ""
    settings: Typed = {}
    kind: Literal["one", "grid", "folds"] = "one"
    folds: Annotated[int, Field(ge=2, le=_MOST_FOLDS)] = 5


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
    """The form of a new experiment, with the values of params.yaml, and the presets that can be filled in."""
    return {"sections": form.sections(paramfile.load(studio.project.params)), "presets": form.offered_presets()}


@router.get("/tasks/{name}/form")
def old_form(studio: OfStudio, name: str) -> dict[str, Any]:
    """The form of a task that is to be tried again, with the settings that it had."""
    from tilecli.experiments.queue.again import file_of, settings_of

    project = studio.project
    task = Queue(project).find(name)
    return {"sections": form.sections(settings_of(project, task), file_of(project, task))}


@router.post("/plan")
def plan(studio: OfStudio, new: New) -> dict[str, Any]:
    """What queueing it would queue: `count`, and `axes`, each setting that takes several values with how many."""
    now = paramfile.load(studio.project.params)
    with blaming():
        return wanted.plan(now, new.settings)


@router.post("/tasks")
def add(studio: OfStudio, new: New) -> dict[str, Any]:
    """Queue it with the files of the workspace as they are now: `names` of the tasks, and `remarks`."""
    project = studio.project
    now = paramfile.load(project.params)
    name, message = new.name.strip() or None, new.message.strip() or None
    with blaming():
        if new.kind == "folds":
            wanted.check_group(project, name, new.folds)
            return aside.queue_folds(project, wanted.folds(now, new.settings, new.folds), name, message)
        if new.kind == "grid":
            settings, names = wanted.grid(now, new.settings, name)
        else:
            settings, names = [form.changes(now, new.settings)], [name]
        wanted.check_names(project, names)
        return aside.queue(project, settings, names, message)


@router.post("/tasks/{name}/retry")
def retry(studio: OfStudio, name: str, how: Again) -> dict[str, Any]:
    """Queue a failed or stopped one again: from its last epoch, or from the start where its settings are others."""
    from tilecli.experiments.queue.again import settings_of

    queue = Queue(studio.project)
    task = queue.find(name)
    with blaming():
        changed = form.changes(settings_of(studio.project, task), how.settings) if how.settings else {}
        if changed:
            return aside.try_again(studio.project, task.name, changed)
    queue.retry([task.name], fresh=how.fresh)
    return {"names": [task.name], "remarks": []}


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


@router.post("/folds/{group}/retry")
def retry_folds(studio: OfStudio, group: str) -> dict[str, Any]:
    """Queue the folds that failed or were stopped again, from their last epochs."""
    names = wanted.folds_of(studio.project, group, ("failed", "stopped"))
    return {"names": [task.name for task in Queue(studio.project).retry(names)] if names else []}


@router.post("/folds/{group}/stop")
def stop_folds(studio: OfStudio, group: str) -> dict[str, Any]:
    """Stop the folds that run, and take those that wait back."""
    names = wanted.folds_of(studio.project, group, ("queued", "running"))
    return {"stopped": [task.name for task in Queue(studio.project).stop(names)]}


@router.delete("/folds/{group}")
def remove_folds(studio: OfStudio, group: str) -> dict[str, Any]:
    """Forget the folds that do not run; experiments that came of them stay."""
    names = wanted.folds_of(studio.project, group, ("queued", "done", "failed", "stopped"))
    return {"removed": [task.name for task in Queue(studio.project).clear(names)] if names else []}


@router.post("/workers")
def start(studio: OfStudio, how: Workers) -> dict[str, Any]:
    """Start workers until as many are at work; they outlive this server."""
    from tilecli.experiments.queue.enqueue import start_workers

    return {"started": start_workers(studio.project, how.jobs)}


@router.post("/stop")
def stop_all(studio: OfStudio, how: Stop) -> dict[str, Any]:
    """Send the workers home, and stop what they run unless it is to come to its end."""
    queue = Queue(studio.project)
    for worker in queue.workers():
        queue.dismiss(str(worker["worker"]))
    running = [] if how.after else [task.name for task in queue.tasks() if task.state == "running"]
    return {"stopped": [task.name for task in queue.stop(running)]}
