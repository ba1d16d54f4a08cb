from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tilecli.config import Params
from tilecli.errors import ModelError
from tilecli.layout import Project
from tilecli.learning.find_rate import HIGHEST, LOWEST, find_rate, judge, smoothed

RATES = np.geomspace(LOWEST, HIGHEST, 121)


def test_the_suggestion_is_a_tenth_of_the_rate_with_the_least_loss() -> None:
    # Falls from 1e-3 on, least at 1e-1, then rises: as a function of log10 of the rate.
    places = np.log10(RATES)
    losses = np.where(places < -1, 1 - 0.4 * np.clip(places + 3, 0, 2), 0.2 + 2 * (places + 1))
    found = judge(list(RATES), list(losses), diverged=False)
    assert 0.1 <= found.least <= 0.25  # smoothing lags by a few steps
    assert found.suggestion == pytest.approx(found.least / 10, rel=0.06)
    assert 1e-3 < found.steepest < 0.15
    assert found.losses[0] == pytest.approx(losses[0])


def test_a_loss_that_only_rises_gives_no_suggestion() -> None:
    with pytest.raises(ModelError, match="did not fall"):
        judge(list(RATES), list(np.linspace(1, 2, len(RATES))), diverged=False)


def test_a_loss_that_is_no_number_at_once_gives_no_suggestion() -> None:
    with pytest.raises(ModelError, match="no number"):
        judge(list(RATES[:3]), [1.0, 1.0, 2.0], diverged=True)


def test_a_constant_is_its_own_running_mean() -> None:
    assert smoothed([0.7] * 5) == pytest.approx([0.7] * 5)
    assert smoothed([1.0, 0.0]) == pytest.approx([1.0, 0.09 / 0.19])


def test_a_range_test_goes_through_the_rates_and_writes_nothing(
    make_project: Callable[[str], Project], tiny: Params
) -> None:
    project = make_project("one")
    before = sorted(project.root.rglob("*"))
    found = find_rate(project, tiny.train, steps=60)
    assert found.rates[0] == pytest.approx(LOWEST)
    assert found.diverged or found.rates[-1] == pytest.approx(HIGHEST)
    assert found.rates == sorted(found.rates)
    assert len(found.losses) == len(found.rates) <= 60
    assert LOWEST < found.suggestion < 0.2
    assert found.suggestion < found.least
    assert min(found.losses) < 0.95 * found.losses[0]
    assert sorted(project.root.rglob("*")) == before
