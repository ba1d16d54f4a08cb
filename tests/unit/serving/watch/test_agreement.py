"""The figures of agreement, against their definitions."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tilecli.serving.watch.agreement import LATENCIES, LEAST_ALIKE, Overlap, Tally, overlap

MASK = hnp.arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 255]))


@given(MASK, MASK)
def test_overlap_counts_pixels(own: np.ndarray, theirs: np.ndarray) -> None:
    found = overlap(own, theirs)
    assert found == Overlap(int(np.sum((own > 0) & (theirs > 0))), int(np.sum(own > 0)), int(np.sum(theirs > 0)))
    assert overlap(theirs, own).dice == found.dice
    assert overlap(own, own).dice == 1.0


def test_dice_of_a_photo() -> None:
    assert Overlap(3, 4, 8).dice == 0.5
    assert Overlap(0, 0, 0).dice == 1.0
    assert Overlap(0, 0, 5).dice == 0.0


def test_a_report_adds_up_photos() -> None:
    tally = Tally()
    tally.note("same", Overlap(10, 10, 10), 5, 50, "new")
    tally.note("less", Overlap(10, 30, 10), 15, 150, "new")
    tally.note("empty", Overlap(0, 0, 0), 25, 250, "new")
    tally.note("missed", Overlap(0, 20, 0), 35, 350, "newer")
    report = tally.report("http://x", 0.5, 3)
    assert (report.mirrored, report.waiting, report.share) == (4, 3, 0.5)
    assert report.dice_pooled == 2 * 20 / (60 + 20)
    assert report.dice_mean == (1 + 0.5 + 1 + 0) / 4
    assert (report.identical_share, report.same_answer_share) == (0.5, 0.75)
    assert (report.marked_share, report.their_marked_share) == (0.75, 0.5)
    assert report.ms is not None
    assert report.their_ms is not None
    assert (report.ms["p50"], report.their_ms["p50"]) == (20, 200)
    assert report.their_models == {"new": 3, "newer": 1}
    assert report.least_alike == [{"name": "missed", "dice": 0.0}, {"name": "less", "dice": 0.5}]
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False)) == report.as_dict()
    figures = report.figures()
    assert (figures["dice_pooled"], figures["their_ms_p50"]) == (0.5, 200)
    outcomes = report.photos_by_outcome()
    assert (outcomes["mirrored"], outcomes["waiting"], outcomes["failed: timeout"]) == (4, 3, 0)


def test_before_the_first_photo_nothing_is_claimed() -> None:
    report = Tally().report("http://x", 0.5, 0)
    assert (report.dice_pooled, report.dice_mean, report.same_answer_share) == (None, None, None)
    assert (report.ms, report.their_ms, report.last_error) == (None, None, None)
    assert set(report.failed.values()) == {0}
    assert report.figures() == {}
    assert set(report.photos_by_outcome().values()) == {0}


def test_photos_on_which_nobody_marks_anything_have_no_pooled_dice() -> None:
    tally = Tally()
    tally.note("a", Overlap(0, 0, 0), 1, 1, None)
    report = tally.report("http://x", 1.0, 0)
    assert (report.dice_pooled, report.dice_mean) == (None, 1.0)


def test_memory_stays_bounded() -> None:
    tally = Tally()
    for number in range(3 * LATENCIES):
        tally.note("x" * 1000, Overlap(0, 1, number % 2), number, number, f"version {number}")
    report = tally.report("http://x", 1.0, 0)
    assert len(tally.own_ms) == LATENCIES
    assert report.ms is not None
    assert report.ms["p50"] == 3 * LATENCIES - LATENCIES / 2 - 0.5  # the last ones, not the first
    assert len(report.least_alike) == LEAST_ALIKE
    assert len(report.their_models) == 8
    assert len(json.dumps(report.as_dict())) < 5000
