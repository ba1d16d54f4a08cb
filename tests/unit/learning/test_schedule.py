from __future__ import annotations

import pytest

from tilecli.config import TrainParams
from tilecli.learning.schedule import learning_rate


def rates(**settings: object) -> list[float]:
    params = TrainParams(learning_rate=0.4, **settings)
    return [learning_rate(params, step, 100) for step in range(100)]


def test_cosine_rises_to_the_peak_and_falls_to_nothing() -> None:
    values = rates(warmup=0.1, schedule="cosine")
    assert values[0] == pytest.approx(0.04)
    assert max(values) == values[9] == values[10] == pytest.approx(0.4)
    assert values[55] == pytest.approx(0.2)
    assert values[10:] == sorted(values[10:], reverse=True)
    assert 0 < values[-1] < 0.001


def test_constant_stays_at_the_peak() -> None:
    assert rates(warmup=0.1, schedule="constant")[9:] == pytest.approx([0.4] * 91)


@pytest.mark.parametrize("warmup", [0.0, 1.0])
def test_no_warm_up_and_nothing_but_warm_up(warmup: float) -> None:
    values = rates(warmup=warmup)
    assert all(0 < value <= 0.4 for value in values)
    assert max(values) == pytest.approx(0.4)
