"""Which photos two evaluations have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.experiment_repo import perfect
from tilecli.evaluation import pairing


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tile": "other"}, "tile"),
        ({"true_px": 999}, "true mask"),
        ({"defects": 7}, "true mask"),
        ({"defect": "fray"}, "defect type"),
        ({"pixels": 4}, "size"),
    ],
)
def test_photos_that_are_not_the_same_are_named(change, word) -> None:
    rows = perfect()
    reason = pairing.why_not(rows, [replace(rows[0], **change), *rows[1:]])
    assert reason
    assert f"the {word}" in reason
    assert f"1 of the {len(rows)} photos" in reason
    assert rows[0].photo in reason


def test_no_photos_and_photos_twice_cannot_be_compared() -> None:
    rows = perfect()
    assert "no photo" in (pairing.why_not(rows, []) or "")
    assert f"twice: {rows[0].photo}" in (pairing.why_not([*rows, rows[0]], rows) or "")
    assert pairing.why_not(rows, rows[::-1]) is None


def test_shared_are_the_photos_with_the_same_truth_in_the_same_order() -> None:
    rows = perfect()
    grown = [*rows, replace(rows[0], photo="new", tile="new")]
    relabelled = [replace(rows[0], true_px=rows[0].true_px + 1), *rows[:0:-1]]
    mine, other = pairing.shared(grown, relabelled)
    assert [row.photo for row in mine] == [row.photo for row in other] == [row.photo for row in rows[1:]]
    assert pairing.why_not(mine, other) is None
