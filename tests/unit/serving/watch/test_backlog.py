"""A backlog that never makes the giver wait and never grows past its bounds."""

from __future__ import annotations

import threading
import time

from tilecli.serving.watch.backlog import Backlog, join_all


def test_items_leave_in_the_order_they_came() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    assert all(backlog.put(i, 1) for i in range(5))
    assert [backlog.take() for _ in range(5)] == [0, 1, 2, 3, 4]


def test_the_number_of_items_is_bounded() -> None:
    backlog: Backlog[int] = Backlog(2, 100)
    assert [backlog.put(i, 1) for i in range(3)] == [True, True, False]
    backlog.take()
    assert backlog.put(3, 1)
    assert len(backlog) == 2


def test_the_bytes_are_bounded() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    assert [backlog.put(0, 60), backlog.put(1, 60), backlog.put(2, 40)] == [True, False, True]
    backlog.take()
    assert backlog.put(3, 60)


def test_an_item_larger_than_the_room_passes_alone() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    assert backlog.put(0, 1000)
    assert not backlog.put(1, 1)
    assert backlog.take() == 0
    assert backlog.put(1, 1)


def test_a_closed_backlog_gives_what_it_has_and_then_nothing() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    backlog.put(1, 1)
    assert backlog.close() == 0
    assert not backlog.put(2, 1)
    assert [backlog.take(), backlog.take()] == [1, None]


def test_closing_can_throw_away_what_waits() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    for i in range(3):
        backlog.put(i, 1)
    assert backlog.close(drop=True) == 3
    assert backlog.take() is None


def test_closing_wakes_those_who_wait() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    threads = [threading.Thread(target=backlog.take, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    backlog.close()
    assert join_all(threads, 5)


def test_waiting_for_threads_ends_in_time() -> None:
    backlog: Backlog[int] = Backlog(10, 100)
    threads = [threading.Thread(target=backlog.take, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not join_all(threads, 0.1)  # one that waited for them would wait for ever
    backlog.close()
