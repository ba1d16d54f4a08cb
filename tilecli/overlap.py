"""Doing one thing while another is still running: an ordered map over threads with a bounded look-ahead.

For work that mostly lies in libraries that let go of Python's lock: decoding, inference, NumPy.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Yield `function(item)` in the order of `items`, with `workers` calls running at a time.

    At most two results per worker wait to be taken, so memory stays bounded however slow the taker is. An exception
    of `function` is raised at its item's turn. One worker or none: everything runs in the calling thread.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="tiles")
    try:
        for item in items:
            # Each call sees the caller's context, so that progress events reach the caller's listener.
            waiting.append(pool.submit(contextvars.copy_context().run, function, item))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # When the taker stops early or Ctrl-C comes: start nothing more, wait only for what runs.
        pool.shutdown(wait=True, cancel_futures=True)
