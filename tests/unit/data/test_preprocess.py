"""From a photo to the network's input and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.data import preprocess
from tilecli.data.preprocess import InputContract
from tilecli.errors import DataError

RNG = np.random.default_rng(0)


def photo(height: int, width: int, channels: int = 1) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


@given(st.integers(20, 90), st.integers(20, 90), st.sampled_from([0, 32, 48]), st.sampled_from([1, 3]))
def test_a_map_comes_back_at_the_photos_own_size(height: int, width: int, short_side: int, channels: int):
    contract = InputContract(short_side, 32, (0.5,) * channels, (0.25,) * channels, channels)
    values, placement = preprocess.to_input(photo(height, width, channels), contract)
    assert values.shape[0] == channels
    assert values.shape[1] % 32 == values.shape[2] % 32 == 0
    assert values.flags.c_contiguous
    assert preprocess.to_photo(values[0], placement).shape == (height, width)


def test_at_its_own_scale_every_pixel_comes_back_in_its_place():
    original = photo(45, 70)
    contract = InputContract(mean=(0.4,), std=(0.2,))
    values, placement = preprocess.to_input(original, contract)
    back = preprocess.to_photo(values[0], placement) * 0.2 + 0.4
    np.testing.assert_allclose(back * 255, original[:, :, 0], atol=1e-3)


def test_padding_repeats_the_last_row_and_column():
    values, _ = preprocess.to_input(photo(30, 40), InputContract())
    np.testing.assert_array_equal(values[0, 30:], np.broadcast_to(values[0, 29], (2, 64)))
    np.testing.assert_array_equal(values[0, :, 40:], np.broadcast_to(values[0, :, 39:40], (32, 24)))


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(100, 200, (50, 100)), (200, 100, (100, 50)), (50, 50, (50, 50))]
)
def test_the_short_side_decides_and_the_aspect_ratio_stays(height: int, width: int, expected: tuple[int, int]):
    assert preprocess.scaled_size(height, width, 50) == expected


def test_colour_comes_in_rgb_order_and_grey_as_one_channel():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    data = cv2.imencode(".png", red)[1].tobytes()
    assert preprocess.decode_photo(data, 3)[0, 0].tolist() == [255, 0, 0]
    assert preprocess.decode_photo(data, 1).shape == (8, 8, 1)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_deep_photos_are_scaled_by_their_own_range(bits: int):
    top = 2**bits - 1
    raw = np.array([[0, top // 2, top]], np.uint16)
    assert preprocess.to_uint8(raw).tolist() == [[0, 127, 255]]


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff"])
def test_what_is_no_image_is_named(data: bytes):
    with pytest.raises(DataError) as caught:
        preprocess.decode_photo(data, 1, "x.jpg")
    assert caught.value.where == "x.jpg"


def test_a_mask_shrinks_by_its_share_of_defect():
    mask = np.zeros((8, 8), np.uint8)
    mask[:4, :4] = 1
    assert preprocess.resize_mask(mask, (4, 4)).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0] * 4, [0] * 4]


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([0, 7, 40]))
def test_the_size_of_the_input_is_known_beforehand(height: int, width: int, short_side: int):
    contract = InputContract(short_side=short_side)
    values, _ = preprocess.to_input(np.zeros((height, width, 1), np.uint8), contract)
    assert values.shape[1:] == preprocess.input_size(height, width, contract)


def test_a_mask_of_types_keeps_the_one_that_covers_most() -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[:4, :4] = 3
    mask[0, :2] = mask[1, 0] = 5
    half = preprocess.resize_mask(mask, (4, 4))
    assert half[:2, :2].tolist() == [[5, 3], [3, 3]]
    assert not half[2:].any()
    assert not half[:, 2:].any()
