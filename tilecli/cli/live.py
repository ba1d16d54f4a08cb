"""Draws progress events: stages as a checklist, the running task as a bar, training as one line with time left.

On a terminal this is a live display on stderr that leaves only finished lines behind. Elsewhere it is a few plain
lines: one per stage, at most ten per training.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tilecli import progress
from tilecli.cli import terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_PLAIN_EPOCH_LINES = 10


class Display:
    """Follows events and keeps what there is to draw."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live: Live | None = None
        self.results: dict[str, dict[str, Any]] = {}
        self._stage: str | None = None
        self._stage_began = time.time()
        self._task: progress.Event | None = None
        self._task_began = time.time()
        self._epoch: progress.Event | None = None

    def listen(self, event: progress.Event) -> None:
        """Take one event."""
        if event.task.startswith("stage:"):
            self._new_stage(event.task.removeprefix("stage:"), str(event.data.get("stage")))
        elif event.kind == "epoch":
            self._new_epoch(event)
        elif event.kind in ("begin", "step"):
            if event.kind == "begin":
                self._task_began = event.time
            self._task = event
        elif event.kind == "end":
            self._task = None
        elif event.kind in ("note", "warning"):
            self._remark(event)
        elif event.kind == "result":
            self.results[event.task] = event.data
        if self.live is not None:
            self.live.update(self.render())

    def finish(self) -> None:
        """The last stage has ended well."""
        self._end_stage()

    def _remark(self, event: progress.Event) -> None:
        from rich.markup import escape

        if event.kind == "warning":
            self.console.print(f"[warning]warning:[/] {escape(event.text)}", soft_wrap=True)
        elif self.live is not None or os.environ.get("CI"):  # a job's log is all that its readers see of it
            self.console.print(f"  [muted]{escape(event.text)}[/]", soft_wrap=True)

    def _new_stage(self, name: str, how: str) -> None:
        self._end_stage()
        if how == "skipped":
            if self.live is not None:
                self.console.print(f"[good]✔[/] {name:<15} [muted]unchanged[/]")
            return
        self._stage, self._stage_began = name, time.time()
        self._task = self._epoch = None
        if self.live is None:
            self.console.print(f"{name} …")

    def _end_stage(self) -> None:
        if self._stage and self.live is not None:
            took = terminal.duration(time.time() - self._stage_began)
            extra = ""
            if self._epoch is not None:
                best = terminal.number(self._epoch.data.get("best_dice"))
                extra = f", {self._epoch.done:.0f} epochs, best valid Dice {best}"
            self.console.print(f"[good]✔[/] {self._stage:<15} {took}{extra}")
        self._stage = None

    def _new_epoch(self, event: progress.Event) -> None:
        self._epoch = event
        total = event.total or 1
        if self.live is None and event.done % max(1, round(total / _PLAIN_EPOCH_LINES)) == 0:
            self.console.print(f"  {self._epoch_text(event)}")

    def _epoch_text(self, event: progress.Event) -> str:
        values = event.data
        parts = [f"epoch {event.done:.0f}/{event.total:.0f}"]
        for key, label in (("loss", "loss"), ("valid_dice", "valid Dice")):
            if key in values:
                parts.append(f"{label} {terminal.number(values[key])}")
        if "best_dice" in values:
            parts.append(f"best {terminal.number(values['best_dice'])}")
        if "photos_per_s" in values:
            parts.append(f"{values['photos_per_s']:.0f} photos/s")
        return "  ".join(parts)

    def render(self) -> RenderableType:
        """What the live region shows now."""
        from rich.console import Group
        from rich.markup import escape
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        lines: list[RenderableType] = []
        if self._stage:
            spent = terminal.duration(time.time() - self._stage_began)
            lines.append(Text.from_markup(f"[accent]●[/] {self._stage:<15} [muted]{spent}[/]"))
        if self._epoch is not None:
            left = self._epoch.data.get("seconds_left")
            text = self._epoch_text(self._epoch)
            if left is not None:
                text += f"  {terminal.duration(self._epoch.time + left - time.time())} left"
            lines.append(Text("  " + text))
        if self._task is not None:
            task = self._task
            row = Table.grid(padding=(0, 1))
            cells: list[RenderableType] = [Text(f"  {escape(task.task)}")]
            if task.total:
                cells.append(ProgressBar(total=task.total, completed=task.done, width=28, complete_style="accent"))
                cells.append(Text(self._amount(task)))
            row.add_row(*cells)
            lines.append(row)
        return Group(*lines)

    def _amount(self, task: progress.Event) -> str:
        total = task.total or 0
        if task.unit == "B":
            text = f"{terminal.size(task.done)} of {terminal.size(total)}"
        else:
            text = f"{task.done:.0f}/{total:.0f} {task.unit}".rstrip()
        spent = time.time() - self._task_began
        if task.done > 0 and spent > 1 and self._epoch is None:
            text += f"  {terminal.duration(spent / task.done * (total - task.done))} left"
        return text


@contextlib.contextmanager
def display() -> Iterator[Display]:
    """Draw the events of this block; what has ended stays on the terminal, the live part vanishes."""
    console = terminal.console(stderr=True)
    shown = Display(console)
    with contextlib.ExitStack() as stack:
        if sys.stderr.isatty() and console.is_terminal:
            from rich.live import Live

            shown.live = stack.enter_context(
                Live(console=console, refresh_per_second=8, transient=True, get_renderable=shown.render)
            )
        stack.enter_context(progress.listen(shown.listen))
        yield shown
        shown.finish()
