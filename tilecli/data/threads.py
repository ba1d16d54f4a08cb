"""One function over many photos on every core, with OpenCV's own threads out of the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tilecli import hardware, progress
from tilecli.opencv import cv2

A = TypeVar("A")
B = TypeVar("B")

_PATIENCE = 100  # how many more times Ctrl-C may be pressed while the last photos, some ms each, are dealt with


def in_threads(
    function: Callable[[A], B], items: Sequence[A], name: str, unit: str = "photo", most: int | None = None
) -> Iterator[B]:
    """`function` of every item, in order (OpenCV lets go of the interpreter lock). Reports as the task `name`.

    most: threads, where more would not help. After an error or Ctrl-C what has not begun is not begun.
    """
    own_threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # they would fight ours
    cores = hardware.usable_cores()
    pool = ThreadPoolExecutor(cores if most is None else min(most, cores))
    try:
        yield from progress.track(pool.map(function, items), name, total=len(items), unit=unit)
    finally:
        _end(pool)
        cv2.setNumThreads(own_threads)


def _end(pool: ThreadPoolExecutor) -> None:
    """Give up what has not begun and wait for what has, even if Ctrl-C is pressed again: it may write into a folder
    that is about to be removed."""
    pool.shutdown(wait=False, cancel_futures=True)
    for _ in range(_PATIENCE):
        try:
            pool.shutdown(wait=True)
            return
        except KeyboardInterrupt:
            continue
