"""Many at once: bytes are counted, the first error ends the work, and nothing is begun after a stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tilecli import progress
from tilecli.errors import PipelineError
from tilecli.experiments.remotes.parallel import Count, callback, run

NAMES = [f"{number:02}" for number in range(40)]
SIZES = dict.fromkeys(NAMES, 10)


def test_bytes_are_told_as_they_come_and_failures_are_left_out() -> None:
    def one(name: str, count: Count) -> bool:
        bytes_of = callback(count)
        for _ in range(5):
            bytes_of.relative_update(2)
        return name != "07"

    events: list[progress.Event] = []
    with progress.listen(events.append):
        ran = run(one, NAMES, SIZES, "push", 8, lambda: False)
    assert ran.good == set(NAMES) - {"07"}
    assert ran.left == 0
    assert (events[0].total, events[0].unit) == (400, "B")
    assert events[-1].done == 400


def test_an_absolute_update_counts_once() -> None:
    told: list[int] = []
    bytes_of = callback(told.append)
    for value in (3, 3, 10):
        bytes_of.absolute_update(value)
    assert sum(told) == 10


def test_the_first_error_ends_the_work_and_says_how_far_it_came() -> None:
    begun: list[str] = []

    def one(name: str, _: Count) -> bool:
        begun.append(name)
        time.sleep(0.02)
        if name == "05":
            raise PipelineError("the disk is full")
        return True

    with pytest.raises(PipelineError, match=r"the disk is full \(\d+ of 40 files went well before\)"):
        run(one, NAMES, SIZES, "push", 1, lambda: False)
    assert len(begun) < 40


@pytest.mark.parametrize("jobs", [1, 4])
def test_after_a_stop_what_is_under_way_is_finished_and_nothing_begun(jobs: int) -> None:
    stop = threading.Event()
    finished: list[str] = []

    def one(name: str, _: Count) -> bool:
        stop.set()
        stopped_for.wait(0.15)
        finished.append(name)
        return True

    stopped_for = threading.Event()
    asked: Callable[[], bool] = stop.is_set
    ran = run(one, NAMES, SIZES, "push", jobs, asked)
    assert ran.good == set(finished)
    assert 0 < len(finished) < 40
    assert ran.left == 40 - len(finished)
