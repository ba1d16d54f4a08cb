from __future__ import annotations

import numpy as np
import pytest

from tilecli import palette
from tilecli.data.photos import Held
from tilecli.learning.loggers.pictures import choose, picture


def held(name: str, defect: str) -> Held:
    empty = np.zeros((8, 8), np.uint8)
    return Held(name, name, defect, empty[:, :, None], empty, empty)


def test_every_type_and_a_good_photo_are_shown() -> None:
    photos = [held("c", "good"), held("b", "crack"), held("d", "fray"), held("a", "crack"), held("e", "good")]
    assert [photo.name for photo in choose(photos)] == ["a", "d", "c", "b"]
    assert choose(photos[::-1]) == choose(photos)
    assert [photo.name for photo in choose(photos, most=2)] == ["a", "c"]
    assert choose(photos[:1]) == photos[:1]


@pytest.mark.parametrize(("height", "width"), [(120, 80), (80, 120), (1500, 900)])
def test_photo_truth_and_prediction_stand_side_by_side(height: int, width: int) -> None:
    photo = np.full((height, width, 1), 90, np.uint8)
    truth, predicted = np.zeros((2, height, width), np.uint8)
    truth[10:40, 10:40] = 1
    predicted[20:50, 20:50] = 1
    image = picture(photo, truth, predicted)
    views = np.array_split(image, 3, axis=0 if width > height else 1)

    def has(view: np.ndarray, colour: str) -> bool:
        return bool((view == np.asarray(palette.rgb(colour))).all(axis=2).any())

    assert [has(view, palette.TRUTH) for view in views] == [False, True, False]
    assert [has(view, palette.DEFECT) for view in views] == [False, False, True]
