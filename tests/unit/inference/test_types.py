from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.config import ExportParams
from tilecli.data.catalog import Photo
from tilecli.data.registration import Shift
from tilecli.errors import DataError, ModelError
from tilecli.inference import types
from tilecli.inference.batch import predict_batch
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.export import export_network
from tilecli.inference.flips import averaged
from tilecli.inference.fusion import fuse, predict_spot
from tilecli.inference.parity import mask_agreement, precision_cost
from tilecli.inference.predictor import Predictor, open_predictor
from tilecli.inference.windows import run

from .conftest import CONTRACT, KINDS, Bright, Kinds, make_bundle

HOLE, SPOT = slice(20, 30), slice(60, 66)  # rows of the defects on a photo, in columns 10 to 40


def a_photo(draw: np.random.Generator | None = None) -> np.ndarray:
    """Mid-grey of 90×70 px with a dark hole of 300 px and a bright spot of 180."""
    draw = draw or np.random.default_rng(0)
    photo = draw.integers(118, 138, (90, 70, 1)).astype(np.uint8)
    photo[HOLE, 10:40], photo[SPOT, 10:40] = 5, 250
    return photo


@pytest.fixture
def predictor(kinds: Bundle) -> Predictor:
    return open_predictor(kinds.folder, threads=1, keep_compiled=False)


def test_a_defect_is_what_its_likeliest_type_is() -> None:
    maps = np.asarray([[[0.2, 0.9, 0.1]], [[0.6, 0.7, 0.3]]], np.float32)
    assert types.defect_map(maps).tolist() == np.asarray([[0.6, 0.9, 0.3]], np.float32).tolist()
    assert types.label(maps, 0.5).tolist() == [[2, 1, 0]]
    assert types.likeliest(maps).tolist() == [[2, 1, 2]]
    assert types.label(maps[0], 0.5).tolist() == types.label(maps[:1], 0.5).tolist() == [[0, 1, 0]]
    assert types.defect_map(maps[:1]).tolist() == maps[0].tolist()


def test_a_prediction_names_its_regions(predictor: Predictor) -> None:
    found = predictor.predict(a_photo())
    assert [(region.type, region.area_px) for region in found.regions] == [("hole", 300), ("spot", 180)]
    for region in found.regions:
        assert region.type_probability == pytest.approx(region.mean_probability)
    assert found.type == "hole"
    assert found.types is not None
    assert set(np.unique(found.types[HOLE, 10:40])) == {1}
    assert set(np.unique(found.types[SPOT, 10:40])) == {2}
    assert np.array_equal(found.types > 0, found.mask > 0)


def test_a_binary_bundle_tells_no_types(bright: Bundle) -> None:
    found = open_predictor(bright.folder, threads=1, keep_compiled=False).predict(a_photo())
    assert found.types is found.type is found.likeliest is None
    assert {region.type for region in found.regions} == {None}


def test_a_single_type_is_named_too(bright: Bundle) -> None:
    bundle = replace(bright, classes=("glare",))
    found = Predictor(bundle, open_engine(bright, precision="f32", threads=1, keep_compiled=False)).predict(a_photo())
    assert found.type == "glare"
    assert {region.type for region in found.regions} == {"glare"}
    assert found.types is not None
    assert np.array_equal(found.types, found.mask)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_engines_give_a_map_for_each_class(kinds: Bundle, name: str) -> None:
    answer = open_engine(kinds, name, "f32", threads=1, keep_compiled=False).run(np.ones((3, 1, 64, 32), np.float32))
    assert answer.shape == (3, 2, 64, 32)
    assert (answer[:, 1] > 0.49).all()
    assert (answer[:, 0] < 0.01).all()


def test_windows_flips_and_one_run_agree(kinds: Bundle) -> None:
    engine = open_engine(kinds, precision="f32", threads=1, keep_compiled=False)
    values = np.random.default_rng(1).normal(0, 1, (1, 128, 96)).astype(np.float32)
    whole = run(engine, values, 32)
    assert whole.shape == (2, 128, 96)
    assert np.allclose(run(engine, values, 32, side_px=64, overlap_px=32), whole, atol=1e-5)
    # Each pixel's answer hangs on that pixel alone, so copies change nothing.
    for number in (2, 4, 8):
        assert np.allclose(run(averaged(engine, number), values, 32), whole, atol=1e-4)


def test_fused_maps_are_means_of_logits_of_each_type() -> None:
    draw = np.random.default_rng(0)
    maps = [draw.uniform(0.05, 0.95, (2, 20, 24)).astype(np.float32) for _ in range(2)]
    shifts = [Shift(0, 0, 1.0), Shift(2, -3, 1.0)]
    together, score = fuse(maps, shifts, 5)
    for k in range(2):
        alone, _ = fuse([values[k] for values in maps], shifts, 5)
        for both, own in zip(together, alone, strict=True):
            assert np.array_equal(both[k], own)
    assert 0 < score < 1


def test_photos_of_a_spot_have_their_types(predictor: Predictor, tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        cv2.imwrite(str(path), a_photo(draw))
    found = predict_spot(predictor, paths)
    assert [p.together for p in found] == [2, 2]
    assert {region.type for p in found for region in p.regions} == {"hole", "spot"}


def test_masks_agree_where_they_call_pixels_the_same() -> None:
    one = np.zeros((2, 1, 4), np.float32)
    one[0, 0, :2] = one[1, 0, 2] = 0.9
    other = one[::-1].copy()
    photos = [np.zeros((1, 4, 1), np.uint8)]
    assert mask_agreement(lambda _: one, lambda _: one, photos, 0.5).dice == 1.0
    assert mask_agreement(lambda _: one, lambda _: other, photos, 0.5).intersection_px == 0
    assert mask_agreement(lambda _: one[0], lambda _: other[0], photos, 0.5).dice == 0.0


def test_a_bundle_keeps_its_classes_and_a_wrong_number_of_them_is_told(kinds: Bundle, tmp_path: Path) -> None:
    assert read_bundle(kinds.folder).classes == KINDS
    assert read_bundle(kinds.folder).tells_types
    wrong = replace(kinds, classes=("a", "b", "c"))
    predictor = Predictor(wrong, open_engine(kinds, precision="f32", threads=1, keep_compiled=False))
    with pytest.raises(ModelError, match="the model gives 2 maps, the bundle names 3 classes"):
        predictor.predict(a_photo())


@pytest.fixture
def dataset(tmp_path: Path) -> tuple[Path, list[Photo]]:
    folder, photos, draw = tmp_path / "dataset", [], np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number, kind in enumerate(["hole", "spot", "good"] * 3):
        photo, mask = draw.integers(110, 146, (90, 70)).astype(np.uint8), np.zeros((90, 70), np.uint8)
        if kind != "good":
            mask[30:44, 20:40] = 255
            photo[mask > 0] = 20 if kind == "hole" else 235
        cv2.imwrite(str(folder / "images" / f"{number}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
        name = str(number)
        photos.append(Photo(name, f"images/{name}.png", f"masks/{name}.png", kind, "made", "", 70, 90))
    return folder, photos


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_export_proves_that_types_agree(dataset: tuple[Path, list[Photo]], tmp_path: Path, precision: str) -> None:
    folder, photos = dataset
    out = tmp_path / "bundle"
    out.mkdir()
    params = ExportParams(precision=precision, flips=2)
    bundle = export_network(Kinds().eval(), CONTRACT, params, photos, folder, out, classes=KINDS)
    assert bundle.classes == KINDS
    assert bundle.format_version == 3
    assert bundle.checks["agreement"] > 0.995
    found = open_predictor(out, threads=1, keep_compiled=False).predict_file(folder / photos[1].image)
    assert found.type == "spot"
    assert found.verdict == "defect"
    if precision == "int8":
        assert bundle.checks["int8"]["cost"] <= 0.005
        assert bundle.checks["int8"]["dice_before"] > 0.99


def test_a_type_that_the_photos_lack_is_refused(dataset: tuple[Path, list[Photo]], tmp_path: Path) -> None:
    folder, photos = dataset
    bundle = replace(make_bundle(tmp_path / "kinds", Kinds(), classes=KINDS), classes=("hole", "scratch"))
    predictor = Predictor(bundle, open_engine(bundle, precision="f32", threads=1, keep_compiled=False))
    with pytest.raises(DataError, match="the type spot is none of hole, scratch"):
        precision_cost(predictor, predictor, photos, folder)


def test_binary_bundles_stay_readable_for_older_versions(dataset: tuple[Path, list[Photo]], tmp_path: Path) -> None:
    folder, photos = dataset
    out = tmp_path / "bundle"
    out.mkdir()
    bundle = export_network(Bright().eval(), CONTRACT, ExportParams(precision="f32"), photos, folder, out)
    assert bundle.format_version == 1
    write_bundle(bundle)
    assert json.loads((out / "bundle.json").read_text())["classes"] == ["defect"]


def test_files_of_a_batch_say_what_they_show(predictor: Predictor, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), a_photo())
    out = tmp_path / "out"
    (outcome,) = predict_batch(predictor, [tmp_path / "a.png"], out)
    line = json.loads((out / "predictions.jsonl").read_text())
    assert line == outcome.as_dict()
    assert line["type"] == "hole"
    assert [region["type"] for region in line["regions"]] == ["hole", "spot"]
    assert all(0.5 < region["type_probability"] <= 1 for region in line["regions"])
    numbers = cv2.imread(line["types"], cv2.IMREAD_UNCHANGED)
    assert set(np.unique(numbers)) == {0, 1, 2}
    assert np.array_equal(numbers > 0, cv2.imread(line["mask"], cv2.IMREAD_UNCHANGED) == 255)
    assert json.loads((out / "classes.json").read_text()) == list(KINDS)
    drawn = cv2.imread(line["overlay"])
    assert drawn.shape[0] > 90  # the legend below


def test_lines_of_a_binary_bundle_are_as_they_were(bright: Bundle, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), a_photo())
    predictor = open_predictor(bright.folder, threads=1, keep_compiled=False)
    (outcome,) = predict_batch(predictor, [tmp_path / "a.png"], tmp_path / "out")
    line = outcome.as_dict()
    keys = "path verdict defect_share regions score mask overlay ms"
    assert list(line) == keys.split()
    assert set(line["regions"][0]) == {"box", "area_px", "mean_probability"}
    assert not (tmp_path / "out" / "classes.json").exists()
    assert not (tmp_path / "out" / "types").exists()
