from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import palette
from tilecli.data.sample import write_sample
from tilecli.errors import DataError
from tilecli.evaluation.contact_sheet import CAPTIONS, Strip, draw_sheet, read_strips, write_sheet


def _strip(defect: bool, shape: tuple[int, int] = (240, 160)) -> Strip:
    mask = np.zeros(shape, np.uint8)
    if defect:
        mask[80:140, 40:90] = 1
    photos = tuple(np.full((*shape, 1), grey, np.uint8) for grey in (60, 110, 160))
    return Strip("Blowhole", "small dark holes", photos, (mask,) * 3, ("exposure 1", "exposure 2", "exposure 3"))


def _count(image: np.ndarray, colour: str) -> int:
    return int((image == np.asarray(palette.rgb(colour))).all(axis=2).sum())


def test_the_mask_is_outlined_once_in_the_colour_of_truth() -> None:
    sheet = draw_sheet([_strip(True)], columns=1)
    outlined = np.argwhere((sheet == np.asarray(palette.rgb(palette.TRUTH))).all(axis=2))
    assert len(outlined) > 100
    # In the last of four cells only.
    assert outlined[:, 1].min() > sheet.shape[1] * 0.7
    assert _count(draw_sheet([_strip(False)], columns=1), palette.TRUTH) == 0


def test_photos_stand_side_by_side_from_dark_to_bright() -> None:
    sheet = draw_sheet([_strip(False)], columns=1).astype(int)
    middle = sheet[sheet.shape[0] // 2, :, 0]
    positions = [int(np.argwhere(np.abs(middle - grey) <= 4).min()) for grey in (60, 110, 160)]
    assert positions == sorted(positions)


def test_strips_fill_rows_and_columns() -> None:
    one, two, three = (draw_sheet([_strip(True)] * n).shape for n in (1, 2, 3))
    assert one == two
    assert three[1] == two[1]
    assert three[0] > two[0]


@pytest.mark.parametrize("shape", [(400, 60), (60, 400), (900, 900)])
def test_any_shape_of_photo_fits_its_cell(shape: tuple[int, int]) -> None:
    assert draw_sheet([_strip(False, shape)]).shape == draw_sheet([_strip(False)]).shape


def test_reads_one_burst_of_each_type_of_the_sample(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", tiles=18, seed=2)
    strips = read_strips(tmp_path / "sample")
    assert [strip.title for strip in strips] == list(CAPTIONS)
    for strip in strips:
        means = [float(photo.mean()) for photo in strip.photos]
        assert means == sorted(means)
        assert strip.masks[-1].any() == (strip.title != "Free")
    write_sheet(tmp_path / "sheet.png", strips)
    image = cv2.imread(str(tmp_path / "sheet.png"))
    assert image is not None
    assert _count(image[:, :, ::-1], palette.TRUTH) > 300
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["sheet.png"]


def test_says_which_type_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Blowhole"):
        read_strips(tmp_path)


def test_the_picture_in_the_readme_is_small_and_whole() -> None:
    picture = Path(__file__).parents[3] / "docs" / "images" / "sample.png"
    assert picture.stat().st_size <= 400_000
    assert cv2.imread(str(picture)) is not None
