from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.errors import DataError, UsageError
from tilecli.inference.bundle import Bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.predictor import Predictor, open_predictor

# Neither side a multiple of 32, and not square: padding and turning both show.
HEIGHT, WIDTH = 75, 130


@pytest.fixture(scope="module")
def predictor(bright: Bundle) -> Predictor:
    return Predictor(bright, open_engine(bright, precision="f32", threads=1, keep_compiled=False))


@pytest.fixture(scope="module")
def colour_predictor(bright_rgb: Bundle) -> Predictor:
    return Predictor(bright_rgb, open_engine(bright_rgb, precision="f32", threads=1, keep_compiled=False))


def _scene() -> tuple[np.ndarray, np.ndarray]:
    """A dark photo with a bright block off the centre, and the mask it should give."""
    grey = np.full((HEIGHT, WIDTH), 40, np.uint8)
    grey[10:30, 90:125] = 220
    return grey, (grey > 128).astype(np.uint8)


def _save(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def test_mask_regions_and_verdict(predictor: Predictor) -> None:
    grey, wanted = _scene()
    prediction = predictor.predict(grey[:, :, None])
    np.testing.assert_array_equal(prediction.mask, wanted)
    assert prediction.probability.shape == (HEIGHT, WIDTH)
    assert prediction.verdict == "defect"
    assert [region.box for region in prediction.regions] == [(90, 10, 35, 20)]
    assert prediction.defect_share == pytest.approx(wanted.mean())
    assert prediction.score > 0.9
    assert prediction.ms > 0


def test_nothing_there_is_good(predictor: Predictor) -> None:
    prediction = predictor.predict(np.zeros((HEIGHT, WIDTH, 1), np.uint8))
    assert (prediction.verdict, prediction.regions, prediction.defect_share) == ("good", [], 0.0)


def test_a_speck_does_not_make_a_photo_defective(predictor: Predictor) -> None:
    photo = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    photo[5:8, 5:8] = 255
    prediction = predictor.predict(photo)
    assert prediction.verdict == "good"
    assert prediction.regions[0].area_px == 9


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["grey", "rgb", "rgba", "16-bit", "12-bit", "16-bit rgb", "jpeg"])
def test_every_kind_of_file_gives_the_same_mask(
    predictor: Predictor, colour_predictor: Predictor, tmp_path: Path, kind: str, channels: int
) -> None:
    grey, wanted = _scene()
    colour = np.repeat(grey[:, :, None], 3, axis=2)
    if kind == "rgba":  # a see-through corner must not matter
        alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
        alpha[:20] = 0
        image = np.concatenate([colour, alpha], axis=2)
    else:
        image = {
            "grey": grey,
            "rgb": colour,
            "16-bit": grey.astype(np.uint16) * 257,
            "12-bit": grey.astype(np.uint16) * 16,
            "16-bit rgb": colour.astype(np.uint16) * 257,
            "jpeg": grey,
        }[kind]
    path = _save(tmp_path / ("photo.jpg" if kind == "jpeg" else "photo.png"), image)
    used = predictor if channels == 1 else colour_predictor
    mask = used.predict_file(path).mask
    assert mask.shape == wanted.shape
    assert np.count_nonzero(mask != wanted) <= (30 if kind == "jpeg" else 0)  # JPEG blurs the block's rim


# EXIF orientation → how a camera held upright stored the pixels.
_STORED = {
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    6: lambda image: np.rot90(image, 1),
    8: lambda image: np.rot90(image, -1),
}


def _with_orientation(path: Path, orientation: int) -> None:
    """Put an EXIF segment that holds the orientation behind the JPEG's first marker."""
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01" + bytes(
        [0, orientation, 0, 0, 0, 0, 0, 0]
    )
    segment = b"Exif\x00\x00" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:])


@pytest.mark.parametrize("orientation", sorted(_STORED))
def test_exif_rotation_gives_the_mask_of_the_upright_photo(
    predictor: Predictor, tmp_path: Path, orientation: int
) -> None:
    grey, wanted = _scene()
    path = _save(tmp_path / "turned.jpg", np.ascontiguousarray(_STORED[orientation](grey)))
    _with_orientation(path, orientation)
    mask = predictor.predict_file(path).mask
    assert mask.shape == (HEIGHT, WIDTH)
    assert np.count_nonzero(mask != wanted) <= 30


def test_a_scaled_network_gives_the_mask_at_the_photos_own_size(bright: Bundle) -> None:
    scaled = replace(bright, input=replace(bright.input, short_side=64))
    used = Predictor(scaled, open_engine(scaled, threads=1, keep_compiled=False))
    photo = np.zeros((200, 333, 1), np.uint8)
    photo[50:120, 100:200] = 255
    mask = used.predict(photo).mask
    assert mask.shape == (200, 333)
    assert abs(int(mask.sum()) - 7000) < 700


def test_the_threshold_can_be_set_for_one_run(bright: Bundle) -> None:
    photo = np.full((40, 40, 1), 140, np.uint8)  # a little above mid-grey
    low = open_predictor(bright.folder, threshold=0.3, threads=1, keep_compiled=False)
    high = open_predictor(bright.folder, threshold=0.9, threads=1, keep_compiled=False)
    assert (low.predict(photo).verdict, high.predict(photo).verdict) == ("defect", "good")
    with pytest.raises(UsageError, match="threshold"):
        open_predictor(bright.folder, threshold=1.0)
    with pytest.raises(UsageError, match="verdict-threshold"):
        open_predictor(bright.folder, verdict_threshold=0.0)


def test_a_photo_may_be_called_good_with_pixels_marked(bright: Bundle) -> None:
    photo = np.full((40, 40, 1), 140, np.uint8)
    engine = open_engine(bright, threads=1, keep_compiled=False)
    strict = Predictor(replace(bright, verdict_threshold=0.9), engine).predict(photo)
    assert strict.verdict == "good"
    assert strict.mask.all()
    assert Predictor(bright, engine, verdict_threshold=0.4).predict(photo).verdict == "defect"


def test_a_photo_is_not_called_defective_with_no_pixel_marked(bright: Bundle) -> None:
    photo = np.full((40, 40, 1), 140, np.uint8)
    found = Predictor(bright, open_engine(bright, threads=1, keep_compiled=False), threshold=0.9).predict(photo)
    assert (found.verdict, int(found.mask.sum())) == ("good", 0)


def test_between_good_and_defect_a_photo_is_uncertain(bright: Bundle) -> None:
    photo = np.full((40, 40, 1), 140, np.uint8)  # probability 0.69
    engine = open_engine(bright, threads=1, keep_compiled=False)
    banded = replace(bright, verdict_threshold=0.9, uncertain_from=0.6)
    assert Predictor(banded, engine).predict(photo).verdict == "uncertain"
    assert Predictor(banded, engine, uncertain_from=0.8).predict(photo).verdict == "good"
    assert Predictor(banded, engine, verdict_threshold=0.65).predict(photo).verdict == "defect"
    assert Predictor(bright, engine, verdict_threshold=0.9, uncertain_from=0.6).predict(photo).verdict == "uncertain"
    none = Predictor(banded, engine, verdict_threshold=0.6)
    assert (none.uncertain_from, none.predict(photo).verdict) == (None, "defect")
    with pytest.raises(UsageError, match="uncertain-from"):
        open_predictor(bright.folder, uncertain_from=1.0)


def test_files_come_back_in_order(predictor: Predictor, tmp_path: Path) -> None:
    paths = [_save(tmp_path / f"{i}.png", np.full((40, 40 + i), 10, np.uint8)) for i in range(9)]
    assert [p.mask.shape[1] for p in predictor.predict_files(paths)] == [40 + i for i in range(9)]


def test_what_is_no_photo_names_the_file(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 not a photo")
    with pytest.raises(DataError) as caught:
        predictor.predict_file(tmp_path / "broken.jpg")
    assert "broken.jpg" in str(caught.value)
    with pytest.raises(DataError):
        predictor.predict_file(tmp_path / "missing.jpg")
    with pytest.raises(DataError, match="H×W×1"):
        predictor.predict(np.zeros((40, 40, 3), np.uint8))
