from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tilecli import files, progress
from tilecli.config import ExportParams, Params, TrainParams
from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.data.preprocess import read_photo
from tilecli.errors import ModelError
from tilecli.inference import export, selftest
from tilecli.inference.bundle import read_bundle
from tilecli.inference.calibration import IDENTITY
from tilecli.inference.engines import cpu_has_bf16, open_engine
from tilecli.inference.export import export_bundle, export_network
from tilecli.inference.predictor import Predictor, open_predictor
from tilecli.inference.reference import describe, population_stability_index
from tilecli.inference.selftest import run_self_test
from tilecli.layout import Project

from .conftest import CONTRACT, Bright, Small

RAW = {"temperature": 1.0, "shift": 0.0}  # probabilities are the network's own
needs_bf16 = pytest.mark.skipif(not cpu_has_bf16(), reason="this CPU does not compute in bf16")


class Graded(torch.nn.Module):
    """Amplifies what bf16 rounds away: its masks at bf16 cannot agree with those at fp32."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.Conv2d(16, 1, 3, padding=1)
        with torch.no_grad():
            for conv in (self.first, self.second):
                conv.weight.zero_()
            self.first.weight[:, :, 1, 1] = 1.0
            self.first.bias.fill_(100.0)  # bf16 tells 100 from 100.5, nothing between
            self.second.weight[:, :, 1, 1] = 1.0
            self.second.bias.fill_(-16 * 99.0)  # the limit lies amid the noise of the photos' ground

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(image)))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Photos with bright blocks (scratches) and without (good), split into the three subsets."""
    made = Project(tmp_path / "a project")
    draw = np.random.default_rng(2)
    photos, rows = [], []
    for number in range(12):
        subset = ("train", "valid", "test")[number % 3]
        defect = "good" if number >= 6 else "scratch"
        image = draw.integers(20, 100, (60 + number, 90)).astype(np.uint8)
        mask = np.zeros_like(image)
        if defect != "good":
            image[10:30, 20:50] = draw.integers(170, 255, (20, 30))
            mask[10:30, 20:50] = 255
        name = f"p{number}"
        for kind, pixels in (("images", image), ("masks", mask)):
            (made.dataset / kind).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(made.dataset / kind / f"{name}.png"), pixels)
        photos.append(Photo(name, f"images/{name}.png", f"masks/{name}.png", defect, "test", "", 90, 60 + number))
        rows.append(Assigned(name, f"t{number}", defect, subset))
    write_index(made.index, photos)
    write_manifest(made.split, rows)
    return made


def _export(project: Project, network: torch.nn.Module, folder: Path, **settings: Any) -> export.Bundle:
    folder.mkdir()
    photos = export._check_photos(project)
    training = export._photos(project, "train")
    return export_network(network, CONTRACT, ExportParams(**settings), photos, project.dataset, folder, training)


def _listen() -> tuple[list[progress.Event], Any]:
    events: list[progress.Event] = []
    return events, progress.listen(events.append)


def test_the_bundle_agrees_and_its_threshold_is_chosen_on_valid(project: Project, tmp_path: Path) -> None:
    bundle = _export(project, Bright(), tmp_path / "out")
    assert bundle.checks["agreement"] >= 0.995
    assert bundle.checks["agreement_photos"] == 4
    assert bundle.checks["threshold_from"] == "valid"
    assert bundle.checks["threshold_dice"] == 1.0
    assert bundle.checks["verdict_threshold_from"] == "valid"
    assert bundle.checks["verdict_threshold_accuracy"] == 1.0
    assert bundle.threshold <= bundle.verdict_threshold < 1.0
    limit = np.log(bundle.threshold / (1 - bundle.threshold))
    raw = (limit - bundle.calibration.shift) * bundle.calibration.temperature
    assert -1.8 < raw < 2.6  # between the brightest good pixel and the darkest defect, in Bright's own logits
    assert read_bundle(bundle.folder) == bundle


def test_the_calibration_is_fitted_on_valid_and_lies_in_the_graph(project: Project, tmp_path: Path) -> None:
    class Sure(Bright):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return 3.0 * super().forward(image) + 4.0  # and sees defects everywhere

    for number in (1, 4):  # of the valid subset: defects that are no brighter than what surrounds them
        image = np.random.default_rng(number).integers(20, 200, (60 + number, 90)).astype(np.uint8)
        assert cv2.imwrite(str(project.dataset / "images" / f"p{number}.png"), image)
    bundle = _export(project, Sure(), tmp_path / "out", precision="f32")
    assert bundle.checks["calibration_from"] == "valid"
    assert bundle.calibration.temperature > 1.5
    assert bundle.calibration.shift < -0.5
    assert bundle.checks["ece_after"] < 0.3 * bundle.checks["ece_before"]
    by_hand = _export(project, Sure(), tmp_path / "hand", precision="f32", temperature=1.0, shift=0.0)
    assert (by_hand.calibration, by_hand.checks["calibration_from"]) == (IDENTITY, "params")
    assert by_hand.checks["ece_after"] == by_hand.checks["ece_before"] == bundle.checks["ece_before"]
    photo = read_photo(project.dataset / "images" / "p1.png", 1)
    raw, calibrated = (open_predictor(b.folder, keep_compiled=False).probability(photo) for b in (by_hand, bundle))
    told = raw < 0.999  # nearer to 1 a float32 does not tell logits apart
    np.testing.assert_allclose(calibrated[told], bundle.calibration.probabilities(raw[told]), atol=1e-4)
    # One order of pixels, so one best mask, whatever they are called.
    np.testing.assert_allclose(
        bundle.calibration.probabilities(by_hand.checks["threshold_plateau"]),
        bundle.checks["threshold_plateau"],
        atol=2e-3,
    )


def test_without_defects_on_valid_nothing_is_calibrated(project: Project, tmp_path: Path) -> None:
    photos = [photo for photo in export._check_photos(project) if photo.defect == "good"]
    (tmp_path / "out").mkdir()
    bundle = export_network(Bright(), CONTRACT, ExportParams(), photos, project.dataset, tmp_path / "out")
    assert (bundle.calibration, bundle.checks["calibration_from"]) == (IDENTITY, "default")


def test_what_would_be_wrong_too_often_is_uncertain(project: Project, tmp_path: Path) -> None:
    # Of the valid photos one defective one looks good and one good one defective.
    valid = export._check_photos(project)
    good, bad = ([p.photo for p in valid if (p.defect == "good") == kind] for kind in (True, False))
    for name, brightness in ((good[0], 150), (bad[0], 120)):
        shape = next((p.height, p.width) for p in valid if p.photo == name)
        image = np.full(shape, 40, np.uint8)
        image[10:30, 20:50] = brightness
        assert cv2.imwrite(str(project.dataset / "images" / f"{name}.png"), image)
        mask = np.zeros_like(image)
        mask[10:30, 20:50] = 255 * (name in bad)
        assert cv2.imwrite(str(project.dataset / "masks" / f"{name}.png"), mask)
    events, listening = _listen()
    with listening:
        bundle = _export(project, Bright(), tmp_path / "out", max_error=0.1)
    band = bundle.checks["band"]
    assert bundle.uncertain_from < bundle.verdict_threshold
    assert (band["false_alarm_rate"], band["miss_rate"], band["max_error"]) == (0, 0, 0.1)
    assert band["uncertain_good_rate"] + band["uncertain_defect_rate"] > 0
    assert (bundle.checks["verdict_threshold_from"], band["promised"]) == ("max_error", False)
    assert any("2 good and 2 defective" in event.text for event in events if event.kind == "warning")
    assert read_bundle(bundle.folder) == bundle
    verdicts = {
        p.photo: open_predictor(bundle.folder, keep_compiled=False).predict_file(project.dataset / p.image).verdict
        for p in valid
    }
    assert "uncertain" in verdicts.values()
    assert [verdicts[good[1]], verdicts[bad[1]]] == ["good", "defect"]
    given = _export(project, Bright(), tmp_path / "given", uncertain_from=0.3, verdict_threshold=0.8)
    assert (given.uncertain_from, given.verdict_threshold) == (0.3, 0.8)
    assert (
        _export(project, Bright(), tmp_path / "none", uncertain_from=0.9, verdict_threshold=0.8).uncertain_from is None
    )
    assert _export(project, Bright(), tmp_path / "two").uncertain_from is None


def test_flips_are_deployed_as_they_were_measured(project: Project, tmp_path: Path) -> None:
    bundle = _export(project, Small().eval(), tmp_path / "out", flips=4, precision="f32")
    assert (bundle.flips, bundle.format_version) == (4, 2)
    assert bundle.checks["agreement"] >= 0.995  # the checkpoint is asked about the same copies
    assert set(bundle.checks["flips"]) == {"dice_before", "dice_after"}
    assert read_bundle(bundle.folder) == bundle
    photo = read_photo(project.dataset / "images" / "p1.png", 1)
    once, four = (
        Predictor(replace(bundle, flips=flips), open_engine(bundle, keep_compiled=False)).probability(photo)
        for flips in (1, 4)
    )
    np.testing.assert_array_equal(open_predictor(bundle.folder, keep_compiled=False).probability(photo), four)
    assert np.abs(four - once).max() > 0.001
    assert "flips" not in _export(project, Bright(), tmp_path / "plain").checks


def test_a_threshold_can_be_given(project: Project, tmp_path: Path) -> None:
    bundle = _export(project, Bright(), tmp_path / "out", threshold=0.25, min_area_px=7)
    assert (bundle.threshold, bundle.min_area_px) == (0.25, 7)
    assert bundle.checks["threshold_from"] == "params"
    assert bundle.checks["verdict_threshold_from"] == "valid"
    both = _export(project, Bright(), tmp_path / "both", threshold=0.25, verdict_threshold=0.75)
    assert (both.threshold, both.verdict_threshold) == (0.25, 0.75)


@needs_bf16
def test_auto_takes_bf16_where_masks_agree(project: Project, tmp_path: Path) -> None:
    assert _export(project, Bright(), tmp_path / "out").precision == "bf16"
    assert _export(project, Bright(), tmp_path / "exact", precision="f32").precision == "f32"


@needs_bf16
@pytest.mark.parametrize("precision", ["auto", "bf16"])
def test_bf16_that_disagrees_falls_back_to_f32_and_says_so(project: Project, tmp_path: Path, precision: str) -> None:
    events, listening = _listen()
    with listening:
        bundle = _export(project, Graded(), tmp_path / "out", precision=precision, threshold=0.5, **RAW)
    assert bundle.precision == "f32"
    assert bundle.checks["refused"]["bf16"] < 0.995
    (warning,) = [event for event in events if event.kind == "warning"]
    assert "bf16 differ" in warning.text
    assert f"{warning.data['dice']:.4f}" in warning.text
    assert "px" in warning.text


def test_a_bundle_that_disagrees_at_every_precision_is_refused_with_figures(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The graph of another network stands in for an export that went wrong.
    honest = export.onnx_file.write_onnx
    monkeypatch.setattr(
        export.onnx_file, "write_onnx", lambda _, contract, path: honest(Small().eval(), contract, path)
    )
    monkeypatch.setattr(export, "_SAME", 2.0)
    with pytest.raises(ModelError, match=r"refused: masks at f32 differ .* Dice 0\.\d+ over 4 photos"):
        _export(project, Bright(), tmp_path / "out")


def test_a_graph_that_is_wrong_at_some_sizes_is_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = export.onnx_file.write_onnx
    monkeypatch.setattr(
        export.onnx_file, "write_onnx", lambda _, contract, path: honest(Small().eval(), contract, path)
    )
    with pytest.raises(ModelError, match="differently at some photo sizes"):
        _export(project, Bright(), tmp_path / "out")


def test_int8_is_deployed_where_it_costs_little(project: Project, tmp_path: Path) -> None:
    events, listening = _listen()
    with listening:
        bundle = _export(project, Bright(), tmp_path / "out", precision="int8")
    assert bundle.precision == "int8"
    found = bundle.checks["int8"]
    assert found["against"] in {"f32", "bf16"}
    assert found["cost"] == pytest.approx(found["dice_before"] - found["dice_after"], abs=2e-6)
    assert found["cost"] <= 0.005
    assert found["agreement"] > 0.99
    assert (found["photos"], found["calibration_photos"]) == (4, 4)
    assert bundle.checks["agreement"] > 0.99  # with the checkpoint
    assert bundle.model_sha256 == files.sha256(bundle.model)
    assert read_bundle(bundle.folder) == bundle
    assert [path.name for path in sorted(bundle.folder.iterdir())] == ["bundle.json", "model.onnx"]
    assert open_engine(bundle, keep_compiled=False).precision == "int8"
    assert any("int8 costs" in event.text for event in events)


def test_int8_that_costs_too_much_is_refused_with_figures(project: Project, tmp_path: Path) -> None:
    # 0.4 per step is all that 8 bits leave of values around 100, and the limit lies amid less.
    with pytest.raises(ModelError, match=r"refused: int8 costs 0\.\d+ Dice over 4 photos \(0\.\d+ in ") as caught:
        _export(project, Graded(), tmp_path / "out", precision="int8", threshold=0.5, verdict_threshold=0.5, **RAW)
    assert "at most 0.005" in str(caught.value)
    assert "export.max_int8_cost" in str(caught.value)
    bundle = _export(
        project,
        Graded(),
        tmp_path / "paid",
        precision="int8",
        threshold=0.5,
        verdict_threshold=0.5,
        max_int8_cost=1.0,
        **RAW,
    )
    assert bundle.checks["int8"]["cost"] > 0.005


def test_int8_is_never_chosen_unasked(project: Project, tmp_path: Path) -> None:
    bundle = _export(project, Bright(), tmp_path / "out")
    assert bundle.precision in {"f32", "bf16"}
    assert "int8" not in bundle.checks


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _checkpoint(project: Project) -> TrainParams:
    from tilecli.learning.checkpoint import write_best
    from tilecli.learning.network import build_network

    params = TrainParams(widths=(4, 8))
    torch.manual_seed(1)
    network = build_network(params, weights=False)
    facts = {
        "train": json.loads(params.model_dump_json()),
        "input": {"short_side": 0, "multiple": 32, "mean": [0.5], "std": [0.25], "channels": 1},
        "encoder_weights": "none",
        "epoch": 3,
        "valid_dice": 0.5,
        "seed": 0,
        "resumed": False,
    }
    write_best(project.checkpoints / "best.ckpt", network.state_dict(), facts)
    return params


def test_from_checkpoint_to_a_bundle_that_says_where_it_comes_from(project: Project) -> None:
    params = _checkpoint(project)
    export_bundle(project, Params(train=params))
    first = _bytes(project.bundle)
    bundle = export_bundle(project, Params(train=params))
    assert _bytes(project.bundle) == first  # same facts, same bytes
    assert read_bundle(project.bundle) == bundle
    assert sorted(first) == ["bundle.json", "model.onnx", "self_test/mask.png", "self_test/photo.png"]
    training = bundle.training
    assert training["params"]["widths"] == [4, 8]
    assert training["encoder_weights"] == "none"
    assert len(training["data"]) == len(training["split"]) == 64
    assert training["commit"] is None  # the project is in no Git repository
    assert str(project.root) not in (project.bundle / "bundle.json").read_text()


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_a_bundle_comes_with_what_a_server_needs(project: Project, precision: str) -> None:
    params = Params(train=_checkpoint(project), export=ExportParams(precision=precision, max_int8_cost=1.0))
    bundle = export_bundle(project, params)
    assert bundle.precision == precision
    result = run_self_test(open_predictor(project.bundle, keep_compiled=False), required=True)
    assert result is not None
    assert result.passed, result.problem
    assert bundle.reference is not None
    assert bundle.reference.photos == 4  # those of the train subset
    training = [read_photo(project.dataset / photo.image, 1) for photo in export._photos(project, "train")]
    counts = bundle.reference.brightness.count([describe(photo)[0] for photo in training])
    assert population_stability_index(bundle.reference.brightness.shares, counts) < 1e-6


def test_a_bundle_that_fails_its_own_self_test_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = Params(train=_checkpoint(project))
    honest = selftest.encode_mask
    monkeypatch.setattr(selftest, "encode_mask", lambda mask: honest(1 - mask))
    with pytest.raises(ModelError, match=r"refused: the bundle fails its own self-test: \d+ px differ"):
        export_bundle(project, params)
    assert not project.bundle.exists()


def test_a_refused_export_leaves_the_bundle_that_was_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = _checkpoint(project)
    project.bundle.mkdir(parents=True)
    (project.bundle / "model.onnx").write_text("what is deployed")
    monkeypatch.setattr(export, "_SAME", -1.0)
    with pytest.raises(ModelError, match="refused"):
        export_bundle(project, Params(train=params))
    assert (project.bundle / "model.onnx").read_text() == "what is deployed"
    assert [path.name for path in project.bundle.parent.iterdir()] == ["bundle"]


def test_without_validation_photos_it_says_so(project: Project, tmp_path: Path) -> None:
    rows = [Assigned(f"p{i}", f"t{i}", "good" if i >= 6 else "scratch", "train") for i in range(12)]
    write_manifest(project.split, rows)
    events, listening = _listen()
    with listening:
        bundle = _export(project, Bright(), tmp_path / "out")
    assert bundle.checks["agreement_photos"] == 12
    assert any("no validation photo" in event.text for event in events)


def test_no_checkpoint_says_what_to_type(project: Project) -> None:
    with pytest.raises(ModelError) as caught:
        export_bundle(project, Params())
    assert "tiles train" in str(caught.value)
    assert not project.bundle.exists()
