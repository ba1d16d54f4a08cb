from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import files, progress
from tilecli.errors import ModelError
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.calibration import Calibration
from tilecli.inference.engines import open_engine
from tilecli.inference.onnx_file import bake
from tilecli.inference.predictor import Predictor
from tilecli.inference.selftest import run_self_test, write_self_test


def _predictor(bundle: Bundle, engine: str = "openvino") -> Predictor:
    return Predictor(bundle, open_engine(bundle, engine, threads=1, keep_compiled=False))


def _photo(folder: Path, name: str, pixels: np.ndarray) -> Path:
    path = folder / f"{name}.png"
    assert cv2.imwrite(str(path), pixels)
    return path


def _shaded(height: int = 60, width: int = 80) -> np.ndarray:
    """Dark, with a patch that rises slowly to white: some of it is near any threshold."""
    pixels = np.full((height, width), 30, np.uint8)
    pixels[10:40, 20:70] = np.linspace(60, 250, 50).astype(np.uint8)
    return pixels


def _equip(bundle: Bundle, folder: Path, paths: list[Path]) -> Bundle:
    """A copy of `bundle` in `folder`, with a self-test from `paths`."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(bundle.model.read_bytes())
    copy = replace(bundle, folder=folder)
    write_bundle(replace(copy, self_test=write_self_test(_predictor(copy), paths)))
    return read_bundle(folder)


@pytest.fixture
def equipped(bright: Bundle, tmp_path: Path) -> Bundle:
    dark = _photo(tmp_path, "dark", np.full((60, 80), 30, np.uint8))
    return _equip(bright, tmp_path / "bundle", [dark, _photo(tmp_path, "shaded", _shaded())])


@pytest.mark.parametrize("temperature", [0.2, 5.0])
def test_rounding_is_told_from_errors_in_the_networks_own_logits(
    bright: Bundle, tmp_path: Path, temperature: float
) -> None:
    calibration = Calibration(temperature, -1.0)
    plain = replace(bright, folder=tmp_path, calibration=calibration)
    bake(bright.model, calibration, plain.model)
    plain = replace(plain, model_sha256=files.sha256(plain.model))
    bundle = _equip(plain, tmp_path / "bundle", [_photo(tmp_path, "shaded", _shaded())])
    result = run_self_test(_predictor(bundle))
    assert result is not None
    assert (result.passed, result.dice) == (True, 1.0)
    # A threshold that is off by 0.1 in the network's logit is rounding, by 1 it is not.
    for off, passed in ((0.1, True), (1.0, False)):
        limit = np.log(bundle.threshold / (1 - bundle.threshold)) + off / temperature
        moved = float(1 / (1 + np.exp(-limit)))
        other = replace(bundle, threshold=moved, self_test=replace(bundle.self_test, threshold=moved))
        found = run_self_test(_predictor(other))
        assert found is not None
        assert found.passed == passed, off


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_bundle_passes_as_it_was_exported(equipped: Bundle, engine: str) -> None:
    result = run_self_test(_predictor(equipped, engine))
    assert result is not None
    assert result.passed, result.problem
    assert (result.dice, result.differing_px) == (1.0, 0)
    assert result.marked_px > 100  # on the photo with something to mark


def test_a_small_network_passes_in_both_engines(small: Bundle, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    bundle = _equip(small, tmp_path / "bundle", [_photo(tmp_path, "noise", noise)])
    for engine in ("openvino", "onnxruntime"):
        result = run_self_test(_predictor(bundle, engine))
        assert result is not None
        assert result.passed, result.problem


def test_a_threshold_of_the_users_own_is_no_failure(equipped: Bundle) -> None:
    engine = open_engine(equipped, threads=1, keep_compiled=False)
    result = run_self_test(Predictor(equipped, engine, threshold=0.9))
    assert result is not None
    assert result.passed, result.problem


def test_another_model_fails(equipped: Bundle, small: Bundle) -> None:
    equipped.model.write_bytes(small.model.read_bytes())
    result = run_self_test(_predictor(equipped))
    assert result is not None
    assert "model.onnx is not the file" in result.problem
    # Also where bundle.json was changed to match, so that the mask alone can tell.
    result = run_self_test(_predictor(replace(equipped, model_sha256=files.sha256(equipped.model))))
    assert result is not None
    assert "px differ" in result.problem
    assert result.dice < 0.9


def test_a_changed_mask_fails(equipped: Bundle) -> None:
    assert equipped.self_test is not None
    path = equipped.folder / equipped.self_test.mask
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    mask[:, 60:] = 0
    assert cv2.imwrite(str(path), mask)
    result = run_self_test(_predictor(equipped))
    assert result is not None
    assert "mask.png is not the file" in result.problem
    forged = replace(equipped.self_test, mask_sha256=files.sha256(path))
    result = run_self_test(_predictor(replace(equipped, self_test=forged)))
    assert result is not None
    assert "px differ" in result.problem
    assert result.differing_px >= 200


def test_a_changed_photo_fails(equipped: Bundle) -> None:
    assert equipped.self_test is not None
    path = equipped.folder / equipped.self_test.photo
    assert cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    result = run_self_test(_predictor(equipped))
    assert result is not None
    assert "photo.png is not the file" in result.problem


def test_another_threshold_fails(equipped: Bundle) -> None:
    result = run_self_test(_predictor(replace(equipped, threshold=0.51)))
    assert result is not None
    assert result.problem == "the bundle's threshold is 0.51, its stored mask was made at 0.5"
    # Also where the self-test's own record was changed with it.
    assert equipped.self_test is not None
    forged = replace(equipped, threshold=0.8, self_test=replace(equipped.self_test, threshold=0.8))
    result = run_self_test(_predictor(forged))
    assert result is not None
    assert "px differ" in result.problem


@pytest.mark.parametrize(
    "change", [{"mean": (0.53,)}, {"std": (0.4,), "mean": (0.4,)}, {"short_side": 40}, {"mean": (float("nan"),)}]
)
def test_wrong_preprocessing_fails(equipped: Bundle, change: dict[str, object]) -> None:
    wrong = replace(equipped, input=replace(equipped.input, **change))
    result = run_self_test(_predictor(wrong))
    assert result is not None
    assert "px differ" in result.problem


def test_rounding_does_not_fail(equipped: Bundle) -> None:
    # 0.2 in the logit: more than bf16 moved any pixel near the threshold of a trained network.
    nudged = replace(equipped, input=replace(equipped.input, mean=(0.5 + 0.2 / 4 * 0.25,)))
    result = run_self_test(_predictor(nudged))
    assert result is not None
    assert result.passed, result.problem
    assert result.dice < 1.0


def test_a_bundle_without_one(bright: Bundle) -> None:
    assert run_self_test(_predictor(bright)) is None
    with pytest.raises(ModelError, match="no self-test") as caught:
        run_self_test(_predictor(bright), required=True)
    assert "tiles export" in str(caught.value)


@pytest.mark.parametrize("broken", [None, b"no image"])
def test_files_that_are_missing_or_broken_are_one_clear_error(equipped: Bundle, broken: bytes | None) -> None:
    assert equipped.self_test is not None
    path = equipped.folder / equipped.self_test.photo
    path.unlink() if broken is None else path.write_bytes(broken)
    with pytest.raises(ModelError, match="self-test cannot be read"):
        run_self_test(_predictor(equipped))


@pytest.mark.parametrize("path", ["/etc/passwd", "../photo.png", ""])
def test_a_path_out_of_the_bundle_is_refused(equipped: Bundle, path: str) -> None:
    assert equipped.self_test is not None
    write_bundle(replace(equipped, self_test=replace(equipped.self_test, photo=path)))
    with pytest.raises(ModelError, match=r"self_test\.photo"):
        read_bundle(equipped.folder)


def test_of_a_large_photo_the_part_with_the_defect_is_stored(bright: Bundle, tmp_path: Path) -> None:
    pixels = np.full((700, 1500), 30, np.uint8)
    pixels[640:670, 1420:1470] = np.linspace(60, 250, 50).astype(np.uint8)
    bundle = _equip(bright, tmp_path / "bundle", [_photo(tmp_path, "large", pixels)])
    assert bundle.self_test is not None
    stored = cv2.imread(str(bundle.folder / bundle.self_test.photo), cv2.IMREAD_UNCHANGED)
    assert stored.shape == (512, 512)
    assert bundle.self_test.marked_px > 100
    result = run_self_test(_predictor(bundle))
    assert result is not None
    assert result.passed, result.problem


def test_colours_are_kept(bright_rgb: Bundle, tmp_path: Path) -> None:
    blue = np.zeros((40, 40, 3), np.uint8)
    blue[10:30, 10:30] = (255, 200, 180)  # as cv2 writes it: blue, green, red
    bundle = _equip(bright_rgb, tmp_path / "bundle", [_photo(tmp_path, "blue", blue)])
    assert bundle.self_test is not None
    assert (cv2.imread(str(bundle.folder / bundle.self_test.photo)) == blue).all()
    result = run_self_test(_predictor(bundle))
    assert result is not None
    assert result.passed, result.problem


def test_nothing_to_mark_is_said(bright: Bundle, tmp_path: Path) -> None:
    events: list[progress.Event] = []
    dark = _photo(tmp_path, "dark", np.full((60, 80), 30, np.uint8))
    with progress.listen(events.append):
        bundle = _equip(bright, tmp_path / "bundle", [dark])
    assert any("weak" in event.text for event in events)
    result = run_self_test(_predictor(bundle))
    assert result is not None
    assert (result.passed, result.marked_px, result.dice) == (True, 0, 1.0)
