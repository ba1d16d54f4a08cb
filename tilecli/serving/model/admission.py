"""How much is taken on at a time: a few threads that work, a bounded number of jobs that wait, and a time limit.

Decoding, inference and encoding run here, off the event loop, which stays free for probes and for saying no.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from tilecli.serving import problems
from tilecli.serving.problems import Problem

T = TypeVar("T")
_REMEMBERED = 64  # jobs whose time the next Retry-After is reckoned from


class Admission:
    """A bounded queue before a pool of threads. Belongs to one event loop."""

    def __init__(self, threads: int, queue: int, timeout_s: float) -> None:
        self.threads, self.queue, self.timeout_s = threads, queue, timeout_s
        self.pending = 0  # jobs that wait or are worked on
        self._pool = _pool(threads)
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Jobs that no thread has begun."""
        return max(0, self.pending - self.threads)

    def check(self, jobs: int = 1) -> None:
        """Raise Problem (503, with Retry-After) where `jobs` more would not find a place."""
        if self.pending + jobs > self.threads + self.queue:
            raise Problem(
                problems.BUSY,
                f"{self.waiting} photos are waiting already, which is as many as are taken on",
                headers={"Retry-After": str(self.retry_after())},
            )

    def retry_after(self) -> int:
        """Whole seconds until half of what waits now should be done, at least 1."""
        with self._lock:
            mean = sum(self._took) / len(self._took) if self._took else 0.1
        return max(1, round(self.waiting / 2 * mean / self.threads))

    async def run(self, work: Callable[[float], T], deadline: float | None = None) -> T:
        """`work(seconds waited)` in a thread.

        Raises Problem: 503 where the queue is full, 504 when `deadline` (by `time.monotonic`, default: `timeout_s` from
        now) passes. Work that nobody waits for any more is not begun.
        """
        self.check()
        asked = time.monotonic()
        until = asked + self.timeout_s if deadline is None else deadline
        future: Future[T] = self._pool.submit(self._work, work, asked)
        self.pending += 1
        future.add_done_callback(functools.partial(self._tell, asyncio.get_running_loop()))
        wrapped = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({wrapped}, timeout=max(0.0, until - time.monotonic()))
        if not done:
            wrapped.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody asks for it any more
            future.cancel()
            raise Problem(problems.TIMED_OUT, f"no answer within {until - asked:.3g} s", "send it again later")
        return wrapped.result()

    def grow(self, threads: int) -> None:
        """Work with at least this many threads from now on; to be called in the event loop."""
        if threads > self.threads:
            before, self._pool = self._pool, _pool(threads)
            self.threads = threads
            before.shutdown(wait=False)  # what it has begun or holds, it ends

    def close(self) -> None:
        """Begin nothing more; what is being worked on ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, work: Callable[[float], T], asked: float) -> T:
        begun = time.monotonic()
        try:
            return work(begun - asked)
        finally:
            with self._lock:
                self._took.append(time.monotonic() - begun)

    def _tell(self, loop: asyncio.AbstractEventLoop, _: Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody counts any more
            loop.call_soon_threadsafe(self._done)

    def _done(self) -> None:
        self.pending -= 1


def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="photo")
