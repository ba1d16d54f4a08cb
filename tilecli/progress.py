"""What long work says while it runs: events, sent to whoever listens. Nothing here draws or prints.

Library code calls `track`, `epoch`, `note`, `warn`. The CLI listens and draws with rich; a DVC stage listens and
appends each event as one JSON line to the file named by `TILES_PROGRESS`, which the CLI that spawned DVC follows.
Without a listener the events go nowhere, which is what a library should do.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

Kind = Literal["begin", "step", "end", "epoch", "note", "warning", "error", "result"]
T = TypeVar("T")

ENVIRONMENT_VARIABLE = "TILES_PROGRESS"
FINISH_VARIABLE = "TILES_FINISH"  # a file; once it is there, a training ends in order after its present epoch
_MIN_INTERVAL_S = 0.1  # a terminal shows no more than this; more would only cost time


@dataclass(frozen=True)
class Event:
    """One thing that happened: `task` says to what, `done`/`total` (in `unit`) how far, `data` the rest."""

    kind: Kind
    task: str = ""
    text: str = ""
    done: float = 0
    total: float | None = None
    unit: str = ""
    time: float = field(default_factory=time.time)
    data: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


Listener = Callable[[Event], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Send the events of this block to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def also(listener: Listener) -> Iterator[None]:
    """Send the events of this block to `listener`, and on to whoever listens already."""
    before = _listener.get()

    def both(event: Event) -> None:
        listener(event)
        if before is not None:
            before(event)

    with listen(both):
        yield


def emit(event: Event) -> None:
    """Hand one event to the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener(event)


def note(text: str, **data: Any) -> None:
    """Say something worth knowing, once."""
    emit(Event("note", text=text, data=data))


def warn(text: str, **data: Any) -> None:
    """Say something the user may want to act on."""
    emit(Event("warning", text=text, data=data))


def epoch(number: int, total: int, **values: float) -> None:
    """Report the end of training epoch `number` (counted from 1) with its metrics."""
    emit(Event("epoch", task="train", done=number, total=total, unit="epoch", data=values))


def finish_wanted() -> bool:
    """Whether whoever follows this run has seen enough of it."""
    path = os.environ.get(FINISH_VARIABLE)
    return path is not None and Path(path).exists()


def result(name: str, **data: Any) -> None:
    """Hand a verb's outcome (a table's rows, a summary) to whoever renders it."""
    emit(Event("result", task=name, data=data))


class Task:
    """A running piece of work with a known or unknown length; made by `task`."""

    def __init__(self, name: str, total: float | None, unit: str) -> None:
        self.name, self.total, self.unit, self.done = name, total, unit, 0.0
        self._last = 0.0

    def advance(self, by: float = 1) -> None:
        """Say that `by` more units are done."""
        self.done += by
        now = time.monotonic()
        if now - self._last >= _MIN_INTERVAL_S:
            self._last = now
            emit(Event("step", self.name, done=self.done, total=self.total, unit=self.unit))


@contextlib.contextmanager
def task(name: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
    """Announce a piece of work for the length of the block; advance it with the yielded `Task`."""
    running = Task(name, total, unit)
    emit(Event("begin", name, total=total, unit=unit))
    try:
        yield running
    finally:
        emit(Event("end", name, done=running.done, total=total, unit=unit))


def track(items: Iterable[T], name: str, total: float | None = None, unit: str = "") -> Iterator[T]:
    """Yield `items`, advancing a task called `name` by one for each."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with task(name, total, unit) as running:
        for item in items:
            yield item
            running.advance()
