"""The queue: what waits, what runs and how far it is, what came of the rest; and the workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tilecli import hardware
from tilecli.experiments import compare
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project

_SHOWN = 100  # tasks, unless all are asked for
_ORDER = ("running", "queued", "failed", "stopped", "done")
_PROGRESS = ("stage", "epoch", "epochs", "valid_dice", "best_dice", "until")


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`tasks`: what runs first, then what waits, then what ended, the last first; `workers`, `counts` by state, `left`
    (how many are not shown), `cores`. query: `all=1` for all of them, `state` for those of one state.
    """
    queue = Queue(project)
    found = queue.tasks()
    counts: Counter[str] = Counter(task.state for task in found)
    wanted = [task for task in found if query.get("state") in (None, "", task.state)]
    ordered = sorted(wanted, key=lambda task: (_ORDER.index(task.state), -(task.ended or 0), task.id))
    left = 0 if query.get("all") else max(0, len(ordered) - _SHOWN)
    return {
        "project": project.root.name,
        "tasks": [_row(queue, task) for task in ordered[: len(ordered) - left]],
        "left": left,
        "counts": {state: counts[state] for state in _ORDER if counts[state]},
        "state": query.get("state", ""),
        "workers": [
            {"name": worker.get("worker"), "started": worker.get("started"), "jobs": worker.get("jobs")}
            for worker in queue.workers()
        ],
        "cores": hardware.usable_cores(),
    }


def _row(queue: Queue, task: Task) -> dict[str, Any]:
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
        "settings": [override.removeprefix("train.") for override in task.overrides],
        "only": list(task.targets),
        "message": task.message or "",
        "error": task.error if task.state == "failed" else {},
        "rev": task.rev,
        **{key: compare.finite(now.get(key)) for key in _PROGRESS},
    }
