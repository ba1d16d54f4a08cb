"""Where values lie on an axis, and labels that do not cover each other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.experiments.plots import axes


def test_two_decades_are_logarithmic() -> None:
    found = axes.axis("lr", [0.1, 0.001, 0.01])
    assert found.kind == axes.LOG
    assert found.places == pytest.approx((1.0, 0.0, 0.5))
    assert [tick.label for tick in found.ticks] == ["0.001", "0.01", "0.1"]


@pytest.mark.parametrize("values", [[1, 99], [0, 1000], [-1, 500], [3, 3]])
def test_less_or_not_positive_is_linear(values: list[float]) -> None:
    assert axes.axis("x", values).kind == axes.LINEAR


def test_places_are_shares_of_the_axis() -> None:
    found = axes.axis("batch", [8, 32, None, 16])
    assert found.places == (0.0, 1.0, None, pytest.approx(1 / 3))
    assert [(tick.label, tick.value) for tick in found.ticks] == [("8", 8.0), ("16", 16.0), ("32", 32.0)]
    assert found.ticks_suffice
    assert axes.axis("x", [5, 5]).places == (0.5, 0.5)


def test_many_values_get_round_ticks() -> None:
    found = axes.axis("dice", [0.512 + 0.0213 * i for i in range(12)])
    assert [tick.label for tick in found.ticks] == ["0.55", "0.6", "0.65", "0.7"]
    assert not found.ticks_suffice
    decades = axes.axis("lr", [3e-5 * 1.7**i for i in range(15)])
    assert [tick.label for tick in decades.ticks] == ["0.0001", "0.001", "0.01"]


def test_words_switches_and_lists_are_categories() -> None:
    found = axes.axis("arch", ["unet", "fpn", None, "unet"])
    assert (found.kind, found.places) == (axes.CATEGORY, (1.0, 0.0, None, 1.0))
    assert [tick.label for tick in axes.axis("x", [True, False]).ticks] == ["false", "true"]
    assert axes.axis("x", [[1, 2], [1, 2]]).places == (0.5, 0.5)
    assert axes.axis("x", ["auto", 3]).kind == axes.CATEGORY
    assert axes.label("a" * 50) == "a" * 21 + "…"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.08))
def test_spread_labels_keep_their_order_and_distance(places: list[float], gap: float) -> None:
    moved = axes.spread(places, gap)
    pairs = sorted(zip(places, moved, strict=True))
    ends = [end for _, end in pairs]
    assert all(later - earlier >= gap - 1e-9 for earlier, later in itertools.pairwise(ends))
    assert all(-1e-9 <= end <= 1 + 1e-9 for end in ends)
    starts = sorted(places)
    if all(later - earlier >= gap for earlier, later in itertools.pairwise(starts)):
        assert moved == pytest.approx(places)


def test_spread_moves_a_cluster_evenly() -> None:
    assert axes.spread([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.4, 0.5, 0.6])
    assert axes.spread([1.0, 0.99], 0.1) == pytest.approx([1.0, 0.9])
    assert axes.spread([], 0.1) == []
