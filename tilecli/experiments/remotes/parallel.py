"""Many objects at once: progress in bytes, a stop in order, and the first error ends the work.

Runs in the process that `worker` starts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from tilecli import progress
from tilecli.errors import TilesError

_POLL_S = 0.1
_PATIENCE_S = 3.0  # for files that are under way when the user stops
Stopped = Callable[[], bool]
Count = Callable[[int], None]  # is told bytes as they are copied


@dataclass
class Ran:
    """How it went: objects that went well, and how many were not begun or not finished."""

    good: set[str] = field(default_factory=set)
    left: int = 0


def run(
    one: Callable[[str, Count], bool],
    objects: Sequence[str],
    sizes: Mapping[str, int | None],
    name: str,
    jobs: int,
    stopped: Stopped,
) -> Ran:
    """Do `one` for every object, `jobs` at a time, and say how far it is; False from `one` means that it went not well.

    Where the user stops, or at the first error, nothing new is begun and what is under way is waited for. The error is
    raised then; its message says how many went well before.
    """
    if not objects or stopped():
        return Ran(left=len(objects))
    ran = Ran()
    counter = _Counter()
    failure: BaseException | None = None
    pool = ThreadPoolExecutor(jobs)
    running: dict[Future[bool], str] = {pool.submit(one, md5, counter.add): md5 for md5 in objects}
    waiting = set(running)
    patience = _PATIENCE_S
    with progress.task(name, sum(sizes[md5] or 0 for md5 in objects) or None, "B") as task:
        while waiting and patience > 0:
            ended, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in ended:
                error = future.exception()
                failure = failure or error
                if error is None and future.result():
                    ran.good.add(running[future])
            task.advance(counter.take())
            if stopped() or failure:
                waiting = {future for future in waiting if not future.cancel()}
                patience -= _POLL_S
    pool.shutdown(wait=False, cancel_futures=True)
    if failure:
        if ran.good and isinstance(failure, TilesError):
            failure.message += f" ({len(ran.good)} of {len(objects)} files went well before)"
        raise failure
    ran.left = len(objects) - len(ran.good) if stopped() else 0
    return ran


class _Counter:
    """Bytes that several threads have copied since they were last asked for."""

    def __init__(self) -> None:
        self._count, self._lock = 0, threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._count += count

    def take(self) -> int:
        with self._lock:
            count, self._count = self._count, 0
        return count


def callback(count: Callable[[int], None]) -> Any:
    """What fsspec tells a copy's progress to."""
    from fsspec.callbacks import Callback

    class Bytes(Callback):  # type: ignore[misc]  # fsspec is untyped
        seen = 0

        def call(self, *_: Any, **__: Any) -> None:
            count(int(self.value) - self.seen)
            self.seen = int(self.value)

    return Bytes()
