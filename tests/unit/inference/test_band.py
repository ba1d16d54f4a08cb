from __future__ import annotations

import numpy as np
import pytest

from tilecli.inference.band import choose_band, photos_needed

GOOD, BAD = [False] * 100, [True] * 100


def _scores(seed: int = 0, photos: int = 100) -> np.ndarray:
    """`photos` good ones and as many defective ones, whose scores overlap."""
    draw = np.random.default_rng(seed)
    logits = np.concatenate([draw.normal(-2, 1.5, photos), draw.normal(2, 1.5, photos)])
    return 1 / (1 + np.exp(-logits))


def test_errors_outside_of_the_band_stay_below_what_is_wanted() -> None:
    scores = _scores()
    band = choose_band(scores, GOOD + BAD, 0.05, least=0.3, preferred=0.5)
    assert band is not None
    assert 0 < band.low < band.high < 1
    good, bad = scores[:100], scores[100:]
    assert band.false_alarm_rate == np.mean(good >= band.high) <= 0.05
    assert band.miss_rate == np.mean(bad < band.low) <= 0.05
    assert band.uncertain_good_rate == np.mean((good >= band.low) & (good < band.high)) > 0
    assert band.uncertain_defect_rate == np.mean((bad >= band.low) & (bad < band.high)) > 0
    assert band.promised
    # The narrowest: 4 of 100 may be wrong for 0.05 of new ones, and 4 are.
    assert (band.false_alarm_rate, band.miss_rate) == (0.04, 0.04)


def test_new_photos_are_judged_wrongly_no_more_often_than_promised() -> None:
    wrong, missed = [], []
    for seed in range(200):
        band = choose_band(_scores(seed), GOOD + BAD, 0.1, least=0.01, preferred=0.5)
        new = _scores(1000 + seed)
        wrong.append(np.mean(new[:100] >= band.high))
        missed.append(np.mean(new[100:] < band.low))
    assert 0.07 < np.mean(wrong) < 0.105
    assert 0.07 < np.mean(missed) < 0.105


def test_photos_that_a_threshold_tells_apart_need_no_band() -> None:
    band = choose_band([0.1, 0.2] * 50 + [0.8, 0.9] * 50, GOOD + BAD, 0.02, least=0.3, preferred=0.55)
    assert (band.low, band.high) == (0.55, 0.55)
    assert (band.uncertain_good_rate, band.uncertain_defect_rate) == (0, 0)


def test_one_threshold_is_moved_where_it_would_break_the_promise() -> None:
    # Balanced accuracy would rather have 0.2; that leaves 10 of 100 good photos wrong, and all defective ones right.
    scores = [0.1] * 90 + [0.4] * 10 + [0.3] * 5 + [0.9] * 95
    band = choose_band(scores, GOOD + BAD, 0.06, least=0.05, preferred=0.2)
    assert band.low == band.high
    assert 0.4 < band.high < 0.9


def test_too_few_photos_promise_nothing_and_then_none_is_wrong() -> None:
    band = choose_band([0.1, 0.6, 0.4, 0.9], [False, False, True, True], 0.01, least=0.2, preferred=0.5)
    assert not band.promised
    assert (band.false_alarm_rate, band.miss_rate) == (0, 0)
    assert band.low <= 0.4
    assert 0.6 < band.high < 0.62
    assert photos_needed(0.01) == 99
    assert photos_needed(0.05) == 19


def test_the_upper_end_is_never_below_the_threshold_of_pixels_and_the_lower_one_may_be() -> None:
    band = choose_band([0.01] * 100 + [0.05] * 50 + [0.9] * 50, GOOD + BAD, 0.02, least=0.3, preferred=0.3)
    assert band.high >= 0.3
    assert band.low <= 0.05


def test_an_end_that_is_given_stays() -> None:
    scores = _scores()
    by_hand = choose_band(scores, GOOD + BAD, 0.05, least=0.3, preferred=0.5, low=0.2, high=0.8)
    assert (by_hand.low, by_hand.high) == (0.2, 0.8)
    upper = choose_band(scores, GOOD + BAD, 0.05, least=0.3, preferred=0.5, high=0.99)
    assert upper.high == 0.99
    assert upper.miss_rate <= 0.05
    # A given end that lies below where misses begin leaves nothing between.
    alone = choose_band([0.1] * 100 + [0.9] * 100, GOOD + BAD, 0.05, least=0.3, preferred=0.5, high=0.4)
    assert (alone.low, alone.high) == (0.4, 0.4)


def test_good_photos_that_look_surely_defective_break_the_promise_and_it_is_said() -> None:
    band = choose_band([0.9999] * 100 + [0.99999] * 100, GOOD + BAD, 0.05, least=0.3, preferred=0.5)
    assert band.high < 1
    assert (band.promised, band.false_alarm_rate) == (False, 1.0)


@pytest.mark.parametrize("defective", [[True, True], [False, False], []])
def test_photos_of_one_kind_tell_no_band(defective: list[bool]) -> None:
    assert choose_band([0.3, 0.6][: len(defective)], defective, 0.05, least=0.3, preferred=0.5) is None
