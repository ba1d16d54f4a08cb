"""One function over many photos."""

from __future__ import annotations

import time

import cv2
import pytest

from tilecli.data.threads import in_threads


def test_threads_keep_order_and_stop_at_an_error() -> None:
    begun: list[int] = []

    def square(number: int) -> int:
        begun.append(number)
        time.sleep(0.001)  # or a slow machine begins them all before the error is taken
        if number == 5:
            raise ValueError("five")
        return number * number

    threads = cv2.getNumThreads()
    assert list(in_threads(square, [3, 1, 2], "square", "number")) == [9, 1, 4]
    with pytest.raises(ValueError, match="five"):
        list(in_threads(square, range(10_000), "square", "number"))
    assert len(begun) < 10_000
    assert cv2.getNumThreads() == threads


def test_opencv_runs_alone_in_each_thread() -> None:
    assert set(in_threads(lambda _: cv2.getNumThreads(), range(4), "ask", most=2)) == {1}
