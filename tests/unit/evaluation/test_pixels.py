"""evaluation/histogram.csv: what is written comes back, and what is wrong with it is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli import histogram
from tilecli.errors import DataError
from tilecli.evaluation.pixels import parse_counts, write_counts


def parse(path: Path) -> np.ndarray:
    return parse_counts(path.read_text().splitlines(keepends=True), "here")


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, histogram.BINS - 1), st.integers(1, 2**40)), min_size=0, max_size=50
    )
)
def test_counts_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, int, int]]
) -> None:
    counts = np.zeros((2, histogram.BINS), np.int64)
    for kind, place, pixels in found:
        counts[kind, place] += pixels
    path = tmp_path_factory.mktemp("counts") / "histogram.csv"
    write_counts(path, counts)
    assert np.array_equal(parse(path), counts)
    assert len(path.read_text().splitlines()) == 1 + len({place for _, place, _ in found})


def test_a_row_says_which_logit_it_begins_at(tmp_path: Path) -> None:
    counts = histogram.count(np.asarray([[0.5, 0.0]], np.float32), np.asarray([[1, 0]], np.uint8))
    write_counts(tmp_path / "histogram.csv", counts)
    assert (tmp_path / "histogram.csv").read_text() == "logit,background_px,defect_px\n-16.0,1,0\n0.0,0,1\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("logit,defect_px\n0.0,1\n", 2, "the column background_px is missing"),
        ("logit,background_px,defect_px\n0.0,1,1\n0.3,1,1\n", 3, "no bin begins at 0.3"),
        ("logit,background_px,defect_px\nnan,1,1\n", 2, "no bin begins at nan"),
        ("logit,background_px,defect_px\n0.0,many,1\n", 2, "many"),
        ("logit,background_px,defect_px\n0.0,-1,1\n", 2, "-1 pixels"),
        ("logit,background_px,defect_px\n0.0\n", 2, "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        parse_counts(text.splitlines(keepends=True), "run:evaluation/histogram.csv")
    assert caught.value.where == f"run:evaluation/histogram.csv:{line}"
    assert caught.value.hint == "tiles eval"
