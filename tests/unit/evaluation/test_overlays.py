from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import palette
from tilecli.evaluation import lettering, overlays


def _scene(height: int = 60, width: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    photo = np.full((height, width, 1), 100, np.uint8)
    mask, truth = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    mask[10:40, 10:40] = 1
    truth[10:40, 25:55] = 1
    return photo, mask, truth


def _has(image: np.ndarray, colour: str) -> bool:
    return bool((image == palette.rgb(colour)).all(axis=2).any())


def test_an_overlay_fills_by_a_third_and_rings_around() -> None:
    photo, mask, truth = _scene()
    image = overlays.overlay(photo, mask)
    wanted = np.rint(100 * 0.65 + np.asarray(palette.rgb(palette.DEFECT)) * 0.35)
    np.testing.assert_array_equal(image[20, 20], wanted)
    for outside in (9, 8):  # two pixels of ring, none of them on the mask
        np.testing.assert_array_equal(image[20, outside], palette.rgb(palette.DEFECT))
    np.testing.assert_array_equal(image[20, 7], [100, 100, 100])
    assert not _has(image, palette.TRUTH)
    assert _has(overlays.overlay(photo, mask, truth), palette.TRUTH)
    assert (photo == 100).all()


def test_the_smallest_defect_shows() -> None:
    photo = np.zeros((20, 20, 3), np.uint8)
    mask = np.zeros((20, 20), np.uint8)
    mask[10, 10] = 1
    assert np.count_nonzero(overlays.overlay(photo, mask).any(axis=2)) == 25


def test_an_error_map_tells_found_missed_and_false() -> None:
    photo, mask, truth = _scene()
    image = overlays.error_map(photo, mask, truth)
    for colour in (palette.GOOD, palette.DEFECT, palette.UNCERTAIN):
        assert _has(image, colour)
    np.testing.assert_array_equal(image[50, 80], [100, 100, 100])
    # Not by colour alone: what is false is striped, what is missed is even.
    assert len(np.unique(image[13:37, 13:22].reshape(-1, 3), axis=0)) == 2
    assert len(np.unique(image[13:37, 43:52].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("size", [(20, 30), (103, 222), (632, 403), (1500, 900), (30, 1600)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_panel_fits_any_photo(size: tuple[int, int], channels: int, tmp_path: Path) -> None:
    photo = np.full((*size, channels), 90, np.uint8)
    mask, truth = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    mask[5:9, 5:9] = 1
    truth[7:11, 7:11] = 1
    image = overlays.panel(photo, mask, truth, "a_very_long_name " * 20 + "· crack · Dice 0.5")
    assert image.dtype == np.uint8
    assert 600 < image.shape[1] < 2800
    for colour in (palette.GOOD, palette.DEFECT, palette.UNCERTAIN, palette.TRUTH):
        assert _has(image, colour)
    overlays.save(tmp_path / "panel.png", image)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "panel.png"))[:, :, ::-1], image)


def test_small_photos_are_enlarged_crisply() -> None:
    photo = np.arange(100, dtype=np.uint8).reshape(10, 10, 1)
    empty = np.zeros((10, 10), np.uint8)
    image = overlays.panel(photo, empty, empty, "a")
    first = image[68:, 12:]
    assert (first[:8, :8] == first[0, 0]).all()


def test_text_is_cut_to_its_room() -> None:
    assert lettering.fit("short", 13, 300) == "short"
    cut = lettering.fit("a long caption that does not fit", 13, 100)
    assert cut.endswith("…")
    assert lettering.width(cut, 13) <= 100


def test_text_is_drawn_without_a_typeface_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_TYPEFACE", None)
    image = lettering.canvas(40, 300, (255, 255, 255))
    lettering.write(image, "exp1 · crack · Dice 0.5…", (4, 24), 16, (0, 0, 0), lettering.BOLD)
    assert (image < 128).any()
    assert lettering.width("abc", 16) > 10
