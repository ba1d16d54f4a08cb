"""Work that is done beside the requests: a backlog with an end to it, between those who answer and those who wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Backlog(Generic[T]):
    """Items in the order they came, bounded in number and in bytes. `put` never waits; `take` does."""

    def __init__(self, items: int, max_bytes: int) -> None:
        self._items, self._max_bytes = items, max_bytes
        self._waiting: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T, size: int) -> bool:
        """Add an item of `size` bytes; False, and nothing added, where there is no room or no taker any more.

        A single item larger than all the room is taken while nothing else waits.
        """
        with self._changed:
            full = len(self._waiting) >= self._items or (self._waiting and self._bytes + size > self._max_bytes)
            if self._closed or full:
                return False
            self._waiting.append((item, size))
            self._bytes += size
            self._changed.notify()
            return True

    def take(self) -> T | None:
        """The oldest item, waiting for one; None once the backlog is closed and empty."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            item, size = self._waiting.popleft()
            self._bytes -= size
            return item

    def close(self, *, drop: bool = False) -> int:
        """Let nothing more in; returns how many waiting items were thrown away, which only `drop` does."""
        with self._changed:
            self._closed = True
            dropped = len(self._waiting) if drop else 0
            if drop:
                self._waiting.clear()
                self._bytes = 0
            self._changed.notify_all()
            return dropped


def join_all(threads: list[threading.Thread], timeout: float) -> bool:
    """Wait for `threads` for `timeout` s altogether; whether all have ended."""
    until = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
