from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilecli import histogram
from tilecli.evaluation.reliability import calibration_error
from tilecli.inference.calibration import COLDEST, HOTTEST, IDENTITY, Calibration, fit


def _counts(temperature: float, shift: float, pixels: int = 400_000) -> np.ndarray:
    """Pixels of a network whose logits have to be divided by `temperature` and shifted to come true."""
    draw = np.random.default_rng(1)
    raw = draw.normal(-2.0, 3.0, pixels)
    truth = draw.random(pixels) < 1 / (1 + np.exp(-(raw / temperature + shift)))
    return histogram.count((1 / (1 + np.exp(-raw))).astype(np.float32), truth.astype(np.uint8))


@pytest.mark.parametrize(("temperature", "shift"), [(1.0, 0.0), (2.5, 0.0), (0.6, -1.0), (1.8, -3.0)])
def test_finds_the_temperature_and_shift_behind_the_labels(temperature: float, shift: float) -> None:
    found = fit(_counts(temperature, shift))
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    assert found.shift == pytest.approx(shift, abs=0.06)


def test_calibrated_probabilities_come_true() -> None:
    counts = _counts(2.0, -2.5)
    before = calibration_error(counts)
    found = fit(counts)
    after = calibration_error(counts, found.probabilities(histogram.centres()))
    assert before > 0.1
    assert after < 0.005
    assert calibration_error(found.counts(counts)) == pytest.approx(after, abs=0.001)


def test_is_the_least_cross_entropy() -> None:
    counts = _counts(1.7, -0.8)
    found = fit(counts)

    def loss(temperature: float, shift: float) -> float:
        p = Calibration(temperature, shift).probabilities(histogram.centres())
        return float(-(counts[1] * np.log(p) + counts[0] * np.log1p(-p)).sum() / counts.sum())

    best = loss(found.temperature, found.shift)
    for temperature in (0.97, 1.03):
        for shift in (-0.03, 0.03):
            assert loss(found.temperature * temperature, found.shift + shift) > best


def test_what_is_given_stays_and_the_other_is_fitted_beside_it() -> None:
    counts = _counts(2.0, -2.0)
    assert fit(counts, temperature=2.0).shift == pytest.approx(-2.0, abs=0.05)
    assert fit(counts, shift=-2.0).temperature == pytest.approx(2.0, rel=0.05)
    assert fit(counts, temperature=3.0, shift=0.5) == Calibration(3.0, 0.5)


@pytest.mark.parametrize("truth", [np.zeros(50, np.uint8), np.ones(50, np.uint8)])
def test_pixels_of_one_kind_are_nothing_to_fit_by(truth: np.ndarray) -> None:
    counts = histogram.count(np.linspace(0.1, 0.9, 50, dtype=np.float32), truth)
    assert fit(counts) == IDENTITY
    assert fit(counts, temperature=2.0) == Calibration(2.0, 0.0)


def test_pixels_that_do_not_overlap_give_no_endless_certainty() -> None:
    values = np.concatenate([np.full(900, 0.49), np.full(100, 0.51)]).astype(np.float32)
    counts = histogram.count(values, (values > 0.5).astype(np.uint8))
    found = fit(counts)
    assert found.temperature == COLDEST
    assert abs(found.shift) < 10


def test_a_network_that_is_wrong_throughout_is_called_unsure_and_not_turned_round() -> None:
    values = np.concatenate([np.full(900, 0.9), np.full(100, 0.1)]).astype(np.float32)
    found = fit(histogram.count(values, (values < 0.5).astype(np.uint8)))
    assert found.temperature == HOTTEST
    assert found.probabilities(np.asarray([0.9]))[0] == pytest.approx(0.1, abs=0.05)  # what the labels say on the whole


calibrations = st.builds(Calibration, st.floats(0.5, 4.0), st.floats(-3.0, 3.0))


@settings(max_examples=50, deadline=None)
@given(calibrations, calibrations, st.floats(-8, 8))
def test_two_in_turn_are_one(first: Calibration, second: Calibration, logit: float) -> None:
    raw = np.asarray([logit])
    np.testing.assert_allclose(first.then(second).logits(raw), second.logits(first.logits(raw)), atol=1e-9)


def test_counts_can_be_taken_back_to_the_networks_own() -> None:
    counts = _counts(1.5, -1.0)
    calibration = Calibration(1.6, -1.2)
    back = calibration.undone(calibration.counts(counts))
    np.testing.assert_array_equal(back.sum(axis=1), counts.sum(axis=1))
    found, wanted = fit(back), fit(counts)
    assert found.temperature == pytest.approx(wanted.temperature, rel=0.01)
    assert found.shift == pytest.approx(wanted.shift, abs=0.02)
