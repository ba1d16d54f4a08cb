from __future__ import annotations

import pytest

from tilecli.inference.trial import spread


@pytest.mark.parametrize(("number", "most"), [(10, 4), (1000, 64), (65, 64), (7, 7), (3, 5), (0, 5)])
def test_a_spread_is_even_and_always_the_same(number: int, most: int) -> None:
    items = list(range(number))
    chosen = list(spread(items, most))
    assert chosen == list(spread(items, most))
    assert len(chosen) == len(set(chosen)) == min(number, most)
    assert chosen == sorted(chosen)
    for place, item in enumerate(chosen):
        assert place * number / len(chosen) - 1 < item < (place + 1) * number / len(chosen)


def test_a_spread_does_not_keep_step_with_exposures() -> None:
    exposures = [photo % 6 for photo in range(1800)]
    counts = [list(spread(exposures, 300)).count(exposure) for exposure in range(6)]
    assert min(counts) > 30
