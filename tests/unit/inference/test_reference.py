from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.errors import ModelError
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.predictor import Predictor
from tilecli.inference.reference import (
    BINS,
    Histogram,
    Reference,
    describe,
    make_histogram,
    measure_reference,
    population_stability_index,
)

TENTHS = [0.1] * 10
EVEN = Histogram((0.5,), (0.5, 0.5))


def test_brightness_and_contrast_are_mean_and_spread_of_grey() -> None:
    photo = np.zeros((40, 60, 1), np.uint8)
    assert describe(photo) == (0.0, 0.0)
    photo[:20] = 255
    assert describe(photo) == pytest.approx((0.5, 0.5))
    assert describe(np.full((8, 8, 1), 51, np.uint8)) == pytest.approx((0.2, 0.0))


def test_a_grey_photo_is_the_same_in_three_channels() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (50, 70, 1)).astype(np.uint8)
    assert describe(np.repeat(photo, 3, axis=2)) == describe(photo)
    green = np.zeros((10, 10, 3), np.uint8)
    green[:, :, 1] = 255
    assert describe(green)[0] == pytest.approx(0.587, abs=0.003)  # what the eye, and cv2, give green


def test_a_large_photo_is_described_from_a_part_of_its_pixels() -> None:
    photo = np.random.default_rng(0).normal(120, 30, (3000, 4000, 1)).clip(0, 255).astype(np.uint8)
    brightness, contrast = describe(photo)
    assert brightness == pytest.approx(photo.mean() / 255, abs=1e-3)
    assert contrast == pytest.approx(photo.std() / 255, abs=1e-3)


def test_the_index_agrees_with_one_computed_by_hand() -> None:
    # e = ½, ½; a = 30.5/101, 70.5/101 = 0.30198, 0.69802:
    # (0.30198 − 0.5)·ln(0.60396) + (0.69802 − 0.5)·ln(1.39604) = 0.19802·0.50425 + 0.19802·0.33364 = 0.16592
    assert population_stability_index((0.5, 0.5), (30, 70)) == pytest.approx(0.16592, abs=1e-5)
    # Of many photos, half a photo more is nothing: 0.2·ln(0.5/0.3) + 0.2·ln(0.7/0.5) = 0.10217 + 0.06729
    assert population_stability_index((0.5, 0.5), (300_000, 700_000)) == pytest.approx(0.16946, abs=1e-5)


def test_equal_distributions_are_stable_and_shifted_ones_are_not() -> None:
    draw = np.random.default_rng(1)
    histogram = make_histogram(draw.normal(0.4, 0.1, 300))
    same = histogram.count(draw.normal(0.4, 0.1, 1000))
    shifted = histogram.count(draw.normal(0.5, 0.1, 1000))
    assert population_stability_index(TENTHS, [100] * 10) == pytest.approx(0.0, abs=1e-12)
    assert population_stability_index(histogram.shares, same) < 0.1
    assert population_stability_index(histogram.shares, shifted) > 0.5


def test_empty_bins_leave_it_finite() -> None:
    gone = population_stability_index(TENTHS, [100] + [0] * 9)
    assert 1.0 < gone < 20.0
    assert 1.0 < population_stability_index([1.0] + [0.0] * 9, [10] * 10) < 20.0
    assert population_stability_index(TENTHS, [1000] + [0] * 9) > gone  # surer with more photos


@pytest.mark.parametrize("counts", [[0, 0], [1, 2, 3]])
def test_what_cannot_be_compared_is_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"no photos|cannot be compared"):
        population_stability_index((0.5, 0.5), counts)


def test_tenths_of_the_photos_fall_into_each_bin() -> None:
    values = np.random.default_rng(0).random(300)
    histogram = make_histogram(values)
    assert len(histogram.shares) == BINS
    assert max(abs(count - 30) for count in histogram.count(values)) <= 1
    assert sum(histogram.shares) == pytest.approx(1.0)


def test_a_value_on_an_edge_belongs_to_the_bin_above() -> None:
    assert EVEN.count([0.4999, 0.5, 0.5001, -3, 7]) == (2, 3)


def test_values_that_repeat_need_fewer_bins() -> None:
    constant = make_histogram([0.25] * 20)
    assert constant == Histogram((), (1.0,))
    assert constant.count([0.0, 0.9]) == (2,)
    two = make_histogram([0.0] * 80 + [1.0] * 20)
    assert two.edges == (1.0,)
    assert two.shares == pytest.approx((80.5 / 101, 20.5 / 101))


@given(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=300))
def test_photos_do_not_drift_from_themselves(values: list[float]) -> None:
    histogram = make_histogram(values)
    assert list(histogram.edges) == sorted(set(histogram.edges))
    assert len(histogram.shares) == len(histogram.edges) + 1
    counts = histogram.count(values)
    assert sum(counts) == len(values)
    assert min(counts) >= 1
    assert population_stability_index(histogram.shares, counts) < 1e-9


@pytest.fixture
def measured(bright: Bundle, tmp_path: Path) -> Reference:
    paths = []
    for grey in range(0, 250, 5):
        paths.append(tmp_path / f"{grey}.png")
        assert cv2.imwrite(str(paths[-1]), np.full((40, 48), grey, np.uint8))
    engine = open_engine(bright, precision="f32", threads=1, keep_compiled=False)
    return measure_reference(Predictor(bright, engine), paths)


def test_photos_are_measured_as_the_bundle_sees_them(measured: Reference) -> None:
    assert measured.photos == 50
    assert measured.brightness.edges[4] == pytest.approx(120 / 255)
    assert measured.contrast == Histogram((), (1.0,))
    logit = 4 * (120 / 255 - 0.5) / 0.25
    assert measured.score.edges[4] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)


def test_a_bundle_keeps_its_reference(bright: Bundle, measured: Reference, tmp_path: Path) -> None:
    assert bright.reference is None  # and one without is read as it always was
    assert "reference" not in json.loads((bright.folder / "bundle.json").read_text())
    assert read_bundle(_write(bright, measured, tmp_path)).reference == measured


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reference", []),
        ("reference.photos", 0),
        ("reference.score", None),
        ("reference.score.edges", [0.5, 0.4]),
        ("reference.score.edges", ["a"]),
        ("reference.brightness.shares", [0.5, 0.2]),
        ("reference.brightness.shares", [1.5, -0.5]),
        ("reference.contrast.shares", [0.5, 0.25, 0.25]),
    ],
)
def test_a_wrong_reference_names_its_key(bright: Bundle, tmp_path: Path, key: str, value: object) -> None:
    folder = _write(bright, Reference(3, EVEN, EVEN, EVEN), tmp_path)
    facts: dict[str, Any] = json.loads((folder / "bundle.json").read_text())
    *sections, last = key.split(".")
    inner = facts
    for section in sections:
        inner = inner[section]
    inner[last] = value
    (folder / "bundle.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError) as caught:
        read_bundle(folder)
    assert key in str(caught.value)


def _write(bundle: Bundle, reference: Reference, folder: Path) -> Path:
    (folder / "model.onnx").write_bytes(bundle.model.read_bytes())
    write_bundle(replace(bundle, folder=folder, reference=reference))
    return folder
