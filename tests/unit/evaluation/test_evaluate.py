from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import histogram, progress
from tilecli.config import EvaluateParams, Params
from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.errors import DataError
from tilecli.evaluation.evaluate import choose_pictures, evaluate
from tilecli.evaluation.pixels import parse_counts
from tilecli.evaluation.records import read_records
from tilecli.layout import Project

PARAMS = Params(evaluate=EvaluateParams(pictures=2, bootstrap=100))


@dataclass
class Answer:
    mask: np.ndarray
    probability: np.ndarray
    verdict: str
    score: float
    ms: float = 1.5


def _predict(path: Path) -> Answer:
    """Calls defect what is brighter than 128; good photos of an odd number hold a bright block, a false alarm."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    probability = (image / 255).astype(np.float32)
    mask = (image > 128).astype(np.uint8)
    return Answer(mask, probability, "defect" if mask.any() else "good", float(probability.max()))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    photos, rows = [], []
    for number in range(14):
        defect = ("crack", "fray", "good")[number % 3]
        size = (40 + number, 60)
        image = np.full(size, 50, np.uint8)
        mask = np.zeros(size, np.uint8)
        if defect != "good":
            mask[5:20, 10:30] = 255
            image[5:20, 10 : 12 + number] = 200  # found ever better
        elif number % 2:
            image[0:8, 0:8] = 220
        name = f"p{number:02d}"
        for kind, pixels in (("images", image), ("masks", mask)):
            (made.dataset / kind).mkdir(parents=True, exist_ok=True)
            if kind == "images" or defect != "good":
                assert cv2.imwrite(str(made.dataset / kind / f"{name}.png"), pixels)
        stored = "" if defect == "good" else f"masks/{name}.png"
        photos.append(Photo(name, f"images/{name}.png", stored, defect, "test", "", size[1], size[0]))
        rows.append(Assigned(name, f"t{number // 2}", defect, "test" if number < 12 else "train"))
    write_index(made.index, photos)
    write_manifest(made.split, rows)
    return made


def test_writes_figures_records_curves_and_pictures(project: Project) -> None:
    figures = evaluate(project, PARAMS, _predict, workers=2, facts={"threshold": 0.5}, machine={"engine": "test"})
    assert json.loads(project.metrics.read_text()) == figures
    wanted = {"dice_mean", "jacc_mean", "acc_mean", "foreground_acc", "dice_photo", "auroc", "pixel_ap"}
    wanted |= {"false_alarm_rate", "defect_recall", "dice_ci_low", "dice_ci_high", "per_defect", "threshold"}
    assert wanted <= set(figures)
    assert figures["photos"] == 12
    assert figures["false_alarm_rate"] == 0.5
    assert figures["dice_ci_low"] <= figures["dice_mean"] <= figures["dice_ci_high"]
    assert set(figures["per_defect"]) == {"crack", "fray", "good"}
    assert figures["intervals"]["auroc"]["low"] <= figures["auroc"]

    counts = parse_counts(project.histogram.read_text().splitlines(keepends=True), "")
    rows = read_records(project.per_image)
    assert counts.sum() == sum(row.pixels for row in rows)
    assert counts[1].sum() == sum(row.true_px for row in rows)
    assert histogram.average_precision(counts) == pytest.approx(figures["pixel_ap"], abs=1e-6)
    # Photo 5 has a false alarm of 64 px at 220/255 on a ground of 50/255.
    wanted = -(64 * np.log(1 - 220 / 255) + (rows[5].pixels - 64) * np.log(1 - 50 / 255)) / rows[5].pixels
    assert rows[5].loss == pytest.approx(wanted, rel=1e-4)
    assert [row.photo for row in rows] == [f"p{i:02d}" for i in range(12)]
    assert rows[0].true_px == 300
    assert rows[0].intersection_px == 15 * 2
    assert sorted(path.name for path in project.plots.iterdir()) == [
        "confusion.csv",
        "dice_over_threshold.csv",
        "precision_recall.csv",
        "reliability.csv",
        "roc.csv",
    ]
    pictures = {path.name for path in project.pictures.iterdir()}
    assert pictures == {row.picture for row in rows if row.picture}
    assert len(pictures) == 6
    # Worst: the two false alarms (Dice 0). Best: the last defect photos, where most was found.
    assert {"worst_01_p05.png", "worst_02_p11.png", "best_01_p10.png", "best_02_p09.png"} <= pictures
    speed = json.loads((project.evaluation / "speed.json").read_text())
    assert speed["photos_per_s"] > 0
    assert (speed["ms_median"], speed["engine"]) == (1.5, "test")


def test_photos_of_a_tile_judged_together_are_measured_beside_the_others(project: Project) -> None:
    def together(paths: Sequence[Path]) -> list[Answer]:
        # What any of them shows, at its best: the block that is found ever better is found whole.
        found = [_predict(path) for path in paths]
        best = max(found, key=lambda answer: int(answer.mask.sum()))
        for answer in found:
            answer.score, answer.verdict = best.score, best.verdict
        return found

    plain = evaluate(project, PARAMS, _predict, predict_spot=together)
    assert "fused" not in plain
    params = Params(evaluate=EvaluateParams(pictures=0, bootstrap=100, fuse=True))
    figures = evaluate(project, params, _predict, predict_spot=together)
    fused = figures.pop("fused")
    assert figures == plain
    assert set(fused) == {
        "dice_mean", "dice_photo", "auroc", "false_alarm_rate", "defect_recall", "intervals", "margin",
    }  # fmt: skip
    assert fused["dice_mean"] == plain["dice_mean"]  # masks stay
    assert fused["false_alarm_rate"] == 1.0  # every good photo has a defective or alarming sibling
    margin = fused["margin"]["false_alarm_rate"]
    assert margin["difference"] == pytest.approx(1.0 - plain["false_alarm_rate"])
    assert margin["low"] <= margin["difference"] <= margin["high"]


def test_figures_are_the_same_on_every_run(project: Project) -> None:
    evaluate(project, PARAMS, _predict, workers=1)
    first = project.metrics.read_bytes(), sorted(path.name for path in project.pictures.iterdir())
    evaluate(project, PARAMS, _predict, workers=3)
    assert (project.metrics.read_bytes(), sorted(path.name for path in project.pictures.iterdir())) == first


def test_without_good_photos_their_figures_are_null(project: Project) -> None:
    with project.split.open(newline="") as stream:
        rows = [Assigned(r["photo"], r["tile"], r["defect"], r["subset"]) for r in csv.DictReader(stream)]
    write_manifest(project.split, [row for row in rows if row.defect != "good"])
    evaluate(project, PARAMS, _predict)
    figures = json.loads(project.metrics.read_text())
    assert figures["false_alarm_rate"] is None
    assert figures["auroc"] is None
    assert "good" not in figures["per_defect"]


def test_an_empty_test_subset_is_an_error(project: Project) -> None:
    write_manifest(project.split, [Assigned("p00", "t0", "crack", "train")])
    with pytest.raises(DataError, match="no test photo"):
        evaluate(project, PARAMS, _predict)
    assert not project.evaluation.exists()


def test_a_split_of_another_dataset_is_an_error(project: Project) -> None:
    write_manifest(project.split, [Assigned("gone", "t0", "crack", "test")])
    with pytest.raises(DataError, match="gone"):
        evaluate(project, PARAMS, _predict)


def test_a_prediction_of_another_size_is_an_error(project: Project) -> None:
    def wrong(path: Path) -> Answer:
        answer = _predict(path)
        return Answer(answer.mask[:-1], answer.probability[:-1], "good", 0.0)

    with pytest.raises(DataError, match="p00"):
        evaluate(project, PARAMS, wrong)
    assert not project.metrics.exists()


def test_pictures_never_repeat_a_photo(record) -> None:
    rows = [record(true_px=10, intersection_px=i, predicted_px=10) for i in range(8)]
    chosen = choose_pictures(rows, 3, 0)
    assert chosen["worst"] == [0, 1, 2]
    assert chosen["best"] == [7, 6, 5]
    assert sorted(chosen["random"]) == [3, 4]
    assert choose_pictures(rows, 0, 0) == {"worst": [], "best": [], "random": []}
    assert choose_pictures(rows, 3, 0) == chosen


def test_one_photo_of_a_tile_is_enough_while_there_are_others(record) -> None:
    rows = [record(tile=f"t{i // 3}", true_px=10, intersection_px=i, predicted_px=10) for i in range(9)]
    chosen = choose_pictures(rows, 3, 0)
    assert chosen["worst"] == [0, 3, 6]
    assert choose_pictures(rows[:3], 2, 0)["worst"] == [0, 1]


def test_one_photo_is_enough(record) -> None:
    assert choose_pictures([record(defect="good")], 3, 0) == {"worst": [], "best": [], "random": [0]}


def test_a_type_that_the_bundle_was_not_taught_counts_as_not_found(project: Project) -> None:
    @dataclass
    class Typed(Answer):
        types: np.ndarray | None = None
        type: str | None = None

    def predict(path: Path) -> Typed:
        found = _predict(path)
        return Typed(**vars(found), types=found.mask, type="crack" if found.mask.any() else None)

    said: list[str] = []
    with progress.listen(lambda event: said.append(event.text) if event.kind == "warning" else None):
        figures = evaluate(project, PARAMS, predict, classes=("crack",))
    assert said == ["the bundle was not taught the type fray, which counts as not found"]
    assert figures["types"]["fray"] == {
        "iou": 0.0,
        "dice": 0.0,
        "recall": 0.0,
        "precision": None,
        "true_px": figures["types"]["fray"]["true_px"],
    }
    assert figures["miou"] == pytest.approx(figures["types"]["crack"]["iou"] / 2, abs=1e-6)
    # Odd good photos hold a false alarm; every fray that shows is taken for a crack.
    assert figures["type_confusion"]["photos"] == {
        "crack": {"crack": 4},
        "fray": {"crack": 4},
        "good": {"crack": 2, "good": 2},
    }
    assert (project.plots / "type_confusion.csv").is_file()
    binary = evaluate(project, PARAMS, _predict)
    assert {name: figures[name] for name in binary if name != "intervals"} == {
        name: value for name, value in binary.items() if name != "intervals"
    }
    assert not (project.plots / "type_confusion.csv").exists()
