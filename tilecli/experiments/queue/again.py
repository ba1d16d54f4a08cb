"""Trying an experiment that failed or was stopped again, with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tilecli import paramfile
from tilecli.config import Params
from tilecli.errors import ProjectError
from tilecli.experiments.queue.enqueue import preflight
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.reading import snapshot
from tilecli.layout import Project


def file_of(project: Project, task: Task) -> Params:
    """What the params.yaml says that a task runs with."""
    return settings_of(project, replace(task, overrides=()))


def settings_of(project: Project, task: Task) -> Params:
    """All settings that a task runs with: those of its snapshot, with its own on top."""
    text = snapshot.texts_at(project, [(task.snapshot, project.params)])[0] or ""
    values = paramfile.parse_yaml(text, task.name)
    for key, value in paramfile.parse_overrides(task.overrides).items():
        paramfile.set_dotted(values, key, value)
    return paramfile.validate(values, task.name)


def try_again(project: Project, name: str, changes: Mapping[str, Any]) -> Task:
    """Queue a failed or stopped task from its start with `changes` (dotted key → value), in the place of what it was.

    It runs with the files that it was queued with the first time. Raises a TilesError, with nothing changed, where it
    could not run.
    """
    queue = Queue(project)
    task = queue.find(name)
    if task.state not in ("failed", "stopped"):
        raise ProjectError(f"{task.name} is {task.state}, so there is nothing to try again")
    preflight(project, settings_of(project, task).train, [changes])
    wanted = {**paramfile.parse_overrides(task.overrides), **changes}
    overrides = tuple(paramfile.as_override(key, value) for key, value in wanted.items())
    fresh = Task(0, task.name, task.base, task.snapshot, overrides, task.targets, task.message)
    settings_of(project, fresh)
    queue.clear([name])
    return queue.add([replace(fresh, attempts=task.attempts)])[0]
