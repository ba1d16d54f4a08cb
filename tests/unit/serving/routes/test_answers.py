import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tilecli.inference.predictor import Prediction
from tilecli.inference.regions import find_regions
from tilecli.serving.routes import answers

masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: arrays(np.uint8, size, elements=st.integers(0, 1))
)


@given(masks)
def test_json_is_the_mask(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(np.array(json.loads(answers.mask_json(mask))["pred"]), mask)


@given(masks)
def test_run_lengths_give_the_mask_back(mask: np.ndarray) -> None:
    code = answers.run_lengths(mask)
    flat = np.repeat(np.arange(len(code["counts"])) % 2, code["counts"])
    np.testing.assert_array_equal(flat.reshape(code["size"][::-1]).T, mask)
    assert all(count > 0 for count in code["counts"][1:])


@given(masks)
def test_every_region_has_its_outline(mask: np.ndarray) -> None:
    probability = mask.astype(np.float32)
    prediction = Prediction(mask, probability, "good", 0.0, find_regions(mask, probability), 0.0, 0.0)
    for region in answers.regions(prediction):
        corners = np.array(region["polygon"])
        x, y, width, height = region["box"]
        assert corners.min(0).tolist() == [x, y]
        assert corners.max(0).tolist() == [x + width - 1, y + height - 1]
        assert mask[corners[:, 1], corners[:, 0]].all()


def decoded(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_pictures_hold_what_they_say() -> None:
    probability = np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    mask = (probability >= 0.5).astype(np.uint8)
    np.testing.assert_array_equal(decoded(answers.mask_png(mask)), mask * 255)
    np.testing.assert_allclose(decoded(answers.probability_png(probability)) / 255, probability, atol=0.5 / 255 + 1e-6)
    assert decoded(answers.overlay_png(np.zeros((6, 10, 1), np.uint8), mask)).shape == (6, 10, 3)


@pytest.mark.parametrize("value", [0, 1])
def test_uniform_masks(value: int) -> None:
    mask = np.full((3, 4), value, np.uint8)
    assert answers.run_lengths(mask)["counts"] == ([12] if value == 0 else [0, 12])
