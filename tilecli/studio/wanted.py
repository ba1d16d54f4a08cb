"""What is to be queued, from what was typed into the form: checked, and an error laid at the field that it is about."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tilecli import paramfile
from tilecli.config import Params
from tilecli.errors import ProjectError, TilesError
from tilecli.experiments.queue.tasks import Queue, State
from tilecli.layout import Project
from tilecli.serving.problems import Kind, Problem
from tilecli.studio import form

_WRONG = Kind("wrong-setting", 422, "This setting cannot be")

Typed = dict[str, str]  # dotted key → what stands in its field


def plan(now: Params, typed: Mapping[str, str]) -> dict[str, Any]:
    """How many experiments a grid is: `count`, and `axes`, `key` and `count` of each setting with several values."""
    from tilecli.experiments.queue.grid import axes

    changes = form.changer(now)
    found = axes(f"{key}={text}" for key, text in typed.items())
    # Every value once, not every combination: it is asked while somebody types.
    first = {key: values[0] for key, values in found.items()}
    for key, values in found.items():
        for value in values:
            changes({**first, key: value})
    counts = {key: len(values) for key, values in found.items()}
    several = [{"key": key, "count": count} for key, count in counts.items() if count > 1]
    return {"count": math.prod(counts.values()), "axes": several}


def grid(now: Params, typed: Mapping[str, str], name: str | None) -> tuple[list[dict[str, Any]], list[str | None]]:
    """What differs in the experiment of each combination, and what each is called."""
    from tilecli.experiments.queue.grid import combinations, numbered

    changes = form.changer(now)
    settings = [changes(chosen) for chosen in combinations(f"{key}={text}" for key, text in typed.items())]
    return settings, numbered(name, len(settings))


def folds(now: Params, typed: Mapping[str, str], count: int) -> list[dict[str, Any]]:
    """What differs in each fold of a cross-validation."""
    from tilecli.experiments.queue.folds import settings_of_each

    changes = form.changer(now)
    chosen = paramfile.parse_overrides(f"{key}={text}" for key, text in typed.items())
    return settings_of_each(lambda fold: changes({**chosen, **fold}), chosen, count)


def check_names(project: Project, names: Sequence[str | None]) -> None:
    """Refuse, at the field of the name, names that cannot be or that something has."""
    from tilecli.experiments.project import experiment_names

    taken = {task.name for task in Queue(project).tasks() if task.state != "done"}
    with _blaming_name():
        experiment_names(project, names, taken)


def check_group(project: Project, name: str | None, count: int) -> None:
    """Refuse, at the field of the name, one that no cross-validation can have."""
    from tilecli.experiments.folds import member_names
    from tilecli.experiments.project import check_form, check_name

    if name is not None:
        with _blaming_name():
            check_form(member_names(name, count)[-1])
            check_name(project, name)


def folds_of(project: Project, group: str, states: Collection[State]) -> list[str]:
    """The folds of a cross-validation that stand in the queue in one of `states`; ProjectError where it has none."""
    from tilecli.experiments.queue.folds import members

    tasks = Queue(project).tasks()
    known = members(project, tasks)
    found = [task for task in tasks if task.id in known and known[task.id].group == group]
    if not found:
        raise ProjectError(f"no fold of '{group}' is in the queue", hint="tiles exp status lists what is")
    return [task.name for task in found if task.state in states]


@contextlib.contextmanager
def blaming() -> Iterator[None]:
    """Within, an error about a setting says in `field` which one."""
    try:
        yield
    except TilesError as error:
        if not (field := form.blamed(error)):
            raise
        raise _problem(error, field) from None


@contextlib.contextmanager
def _blaming_name() -> Iterator[None]:
    try:
        yield
    except TilesError as error:
        raise _problem(error, "name") from None


def _problem(error: TilesError, field: str) -> Problem:
    return Problem(_WRONG, error.message, error.hint or "", extra={"field": field})
