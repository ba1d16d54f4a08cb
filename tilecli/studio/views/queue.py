"""The queue: what waits, what runs and how far it is, what came of the rest; and the workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tilecli import hardware
from tilecli.experiments import compare
from tilecli.experiments.queue.folds import Member, members
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project

_SHOWN = 100  # tasks, unless all are asked for
_ORDER = ("running", "queued", "failed", "stopped", "done")
_PROGRESS = ("stage", "epoch", "epochs", "valid_dice", "best_dice", "until")


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`tasks`: what runs first, then what waits, then what ended, the last first, but the folds of a cross-validation
    together, at the place of the first; `groups` of such folds; `workers`, `counts` by state, `left` (how many are not
    shown), `cores`. query: `all=1` for all of them, `state` for those of one state, `turned` for the groups that are
    open where they would be closed, or the other way round.
    """
    queue = Queue(project)
    found = queue.tasks()
    counts: Counter[str] = Counter(task.state for task in found)
    wanted = [task for task in found if query.get("state") in (None, "", task.state)]
    folds = members(project, found)
    ordered = sorted(wanted, key=lambda task: (_ORDER.index(task.state), -(task.ended or 0), task.id))
    ordered = _together(ordered, folds)
    left = 0 if query.get("all") else max(0, len(ordered) - _SHOWN)
    return {
        "project": project.root.name,
        "tasks": [_row(queue, task, folds.get(task.id)) for task in ordered[: len(ordered) - left]],
        "groups": _groups(found, folds),
        "turned": list(filter(None, query.get("turned", "").split(","))),
        "left": left,
        "counts": {state: counts[state] for state in _ORDER if counts[state]},
        "state": query.get("state", ""),
        "workers": [
            {"name": worker.get("worker"), "started": worker.get("started"), "jobs": worker.get("jobs")}
            for worker in queue.workers()
        ],
        "cores": hardware.usable_cores(),
    }


def _together(tasks: list[Task], folds: Mapping[int, Member]) -> list[Task]:
    """The same tasks, each fold behind the first of its group, in the order of their numbers."""
    first: dict[str, int] = {}
    for place, task in enumerate(tasks):
        if of := folds.get(task.id):
            first.setdefault(of.group, place)

    def place_of(row: tuple[int, Task]) -> tuple[int, int, int]:
        place, task = row
        of = folds.get(task.id)
        return (first[of.group], of.number, place) if of else (place, 0, 0)

    return [task for _, task in sorted(enumerate(tasks), key=place_of)]


def _groups(tasks: list[Task], folds: Mapping[int, Member]) -> dict[str, dict[str, Any]]:
    """Of each cross-validation: how many `folds` it has, `counts` of those in the queue by state, what they share."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        if of := folds.get(task.id):
            found.setdefault(of.group, []).append(task)
    made = {}
    for name, those in found.items():
        counts: Counter[str] = Counter(task.state for task in those)
        made[name] = {
            "folds": max(folds[task.id].folds for task in those),
            "counts": {state: counts[state] for state in _ORDER if counts[state]},
            "settings": [text for text in _settings(those[0]) if not text.startswith(("split.fold=", "split.folds="))],
            "message": those[0].message or "",
        }
    return made


def _settings(task: Task) -> list[str]:
    return [override.removeprefix("train.") for override in task.overrides]


def _row(queue: Queue, task: Task, fold: Member | None) -> dict[str, Any]:
    # What an earlier attempt wrote says nothing of one that has not begun.
    now = {} if task.state == "queued" else queue.progress(task)
    return {
        "name": task.name,
        "state": task.state,
        "stopping": task.state == "running" and queue.stop_wanted(task),
        "created": task.created or None,
        "started": task.started,
        "ended": task.ended,
        "worker": task.worker if task.state == "running" else None,
        "attempts": task.attempts,
        "settings": _settings(task),
        "fold": {"group": fold.group, "number": fold.number} if fold else None,
        "only": list(task.targets),
        "message": task.message or "",
        "error": task.error if task.state == "failed" else {},
        "rev": task.rev,
        **{key: compare.finite(now.get(key)) for key in _PROGRESS},
    }
