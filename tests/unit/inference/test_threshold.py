from __future__ import annotations

import numpy as np
import pytest

from tilecli import histogram
from tilecli.inference.threshold import choose_threshold, choose_verdict_threshold


def _counts(background: list[float], defect: list[float]) -> np.ndarray:
    values = np.asarray([background + defect], np.float32)
    truth = np.asarray([[0] * len(background) + [1] * len(defect)], np.uint8)
    return histogram.count(values, truth)


def test_takes_the_middle_of_a_plateau() -> None:
    choice = choose_threshold(_counts([0.1] * 90, [0.9] * 10))
    assert choice.threshold == pytest.approx(0.5, abs=0.01)
    assert choice.reached == pytest.approx(1.0)
    assert choice.plateau[0] == pytest.approx(0.1, abs=0.01)
    assert choice.plateau[1] == pytest.approx(0.9, abs=0.01)


def test_is_the_best_dice_up_to_the_tolerance() -> None:
    draw = np.random.default_rng(1)
    truth = (draw.random((200, 200)) < 0.1).astype(np.uint8)
    logits = draw.normal(0, 1.5, truth.shape) + 4 * truth - 2
    probability = (1 / (1 + np.exp(-logits))).astype(np.float32)
    choice = choose_threshold(histogram.count(probability, truth))

    def dice(threshold: float) -> float:
        mask = probability >= threshold
        return 2 * np.count_nonzero(mask & (truth > 0)) / (np.count_nonzero(mask) + truth.sum())

    best = max(dice(t) for t in np.linspace(0.02, 0.98, 97))
    assert dice(choice.threshold) >= best - 0.006
    assert choice.reached == pytest.approx(dice(choice.threshold), abs=0.002)


def test_a_lonely_peak_on_noise_does_not_win_against_its_surroundings() -> None:
    # 999 of 1,000 defect pixels at 0.8; one more at 0.3: Dice is best at 0.3 by a hair, over a plateau up to 0.8.
    choice = choose_threshold(_counts([0.05] * 5000, [0.8] * 999 + [0.3]))
    assert 0.1 < choice.threshold < 0.8


def test_false_alarms_on_good_photos_cost() -> None:
    defect = _counts([0.1] * 500, [0.9] * 50 + [0.4] * 50)
    good = _counts([0.5] * 400, [])
    assert choose_threshold(defect).threshold < 0.4
    assert choose_threshold(defect + good).threshold > 0.5


def test_a_verdict_separates_defective_photos_from_good_ones() -> None:
    choice = choose_verdict_threshold([0.9, 0.95, 0.7, 0.05], [True, True, False, False], least=0.2)
    assert 0.7 < choice.threshold < 0.9
    assert choice.reached == 1.0
    assert choice.plateau == pytest.approx((0.7, 0.9), abs=0.01)


def test_both_kinds_of_photos_weigh_the_same_however_few_there_are() -> None:
    # By plain accuracy the one defective photo would be given up for the many good ones that look like it.
    scores = [0.6] + [0.65] * 30 + [0.1] * 70
    choice = choose_verdict_threshold(scores, [True] + [False] * 100, least=0.05)
    assert 0.1 < choice.threshold < 0.6
    assert choice.reached == pytest.approx((1 + 0.7) / 2)


def test_a_verdict_never_rests_on_pixels_that_are_not_marked() -> None:
    choice = choose_verdict_threshold([0.3, 0.4, 0.1], [True, True, False], least=0.35)
    assert choice.threshold >= 0.35
    assert choice.reached == pytest.approx(0.75)


@pytest.mark.parametrize("defective", [[True, True], [False, False], []])
def test_photos_of_one_kind_are_judged_as_their_pixels(defective: list[bool]) -> None:
    choice = choose_verdict_threshold([0.3, 0.6][: len(defective)], defective, least=0.35)
    assert (choice.threshold, choice.reached) == (0.35, None)


def test_a_threshold_of_pixels_at_the_very_top_leaves_nothing_to_choose() -> None:
    assert choose_verdict_threshold([0.3, 0.6], [False, True], least=0.99).threshold == 0.99


def test_nothing_to_find_gives_the_default() -> None:
    choice = choose_threshold(_counts([0.1, 0.9], []))
    assert (choice.threshold, choice.reached) == (0.5, None)
    assert choose_threshold(np.zeros((2, histogram.BINS), np.int64)).threshold == 0.5


def test_a_network_that_says_nothing_still_gets_a_threshold() -> None:
    choice = choose_threshold(_counts([0.001] * 50, [0.001] * 50))
    assert 0.0 < choice.threshold < 1.0
