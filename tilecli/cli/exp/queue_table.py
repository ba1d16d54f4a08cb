"""How `tiles exp status` shows the queue: a row for each experiment, and below why some failed."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from tilecli.cli import terminal

if TYPE_CHECKING:
    from rich.table import Table

    from tilecli.experiments.queue.tasks import Queue, Task

_SIGNS = {
    "queued": "[muted]·[/] queued",
    "running": "[accent]●[/] running",
    "done": "[good]✔[/] done",
    "failed": "[defect]✘[/] failed",
    "stopped": "[uncertain]■[/] stopped",
}


_COLUMNS = [
    *(("experiment", "left"), ("state", "left"), ("stage", "left"), ("epoch", "right")),
    *(("valid Dice", "right"), ("best", "right"), ("time left", "right"), ("took", "right")),
]
_MORE = [("worker", "left"), ("settings", "left")]


def table(queue: Queue) -> Table:
    """A row for each task: its state, how far its training is, who runs it, and what it changes."""
    rows = [[*_row(queue, task), *_facts(task)] for task in queue.tasks()]
    return terminal.table("", [*_COLUMNS, *_MORE], rows)


def short_table(queue: Queue, numbers: Collection[int]) -> Table:
    """A row for each task numbered so: its state, and how far its training is."""
    return terminal.table("", _COLUMNS, [_row(queue, task) for task in queue.tasks() if task.id in numbers])


def _row(queue: Queue, task: Task) -> list[str]:
    now = queue.progress(task)
    until = now.get("until")
    running = task.state == "running"
    epochs = now.get("epochs")
    took = (task.ended or time.time()) - task.started if task.started and task.state != "queued" else None
    return [
        terminal.plain(task.name),
        _SIGNS[task.state],
        str(now.get("stage", "–")) if task.state not in ("queued", "done") else "–",
        f"{now['epoch']:.0f}/{epochs:.0f}" if epochs else "–",
        terminal.number(now.get("valid_dice")),
        terminal.number(now.get("best_dice")),
        terminal.duration(until - time.time()) if running and until and now.get("stage") == "train" else "–",
        terminal.duration(took) if took is not None else "–",
    ]


def _facts(task: Task) -> list[str]:
    return [
        (task.worker or "–") if task.state == "running" else "–",
        terminal.plain("  ".join(override.removeprefix("train.") for override in task.overrides)),
    ]


def footnotes(queue: Queue, only: str | None = None) -> None:
    """Say why tasks (or the one called `only`) failed, and what to do."""
    for task in queue.tasks():
        if task.state == "failed" and only in (None, task.name):
            terminal.say(f"[defect]✘[/] {task.name}: {terminal.plain(task.error.get('message', ''))}")
            for label, key in (("where:", "where"), ("next: ", "hint")):
                if task.error.get(key):
                    terminal.say(f"  [muted]{label}[/] {terminal.plain(task.error[key])}")
