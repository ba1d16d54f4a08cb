from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tilecli import histogram
from tilecli.errors import DataError
from tilecli.evaluation import by_type, metrics
from tilecli.evaluation.bootstrap import intervals
from tilecli.evaluation.paired import BETTER, compare
from tilecli.evaluation.plots import write_plots
from tilecli.evaluation.records import COLUMNS, columns_of, read_records, write_records
from tilecli.experiments.folds import Fold, Group
from tilecli.experiments.pooling import pool
from tilecli.experiments.store import Record

from .conftest import MakeRecord

CLASSES = ("crack", "hole")


def test_words_say_what_was_counted() -> None:
    truth = np.asarray([[0, 0, 1, 1, 1, 2]], np.uint8)
    predicted = np.asarray([[0, 2, 1, 1, 0, 1]], np.uint8)
    text = by_type.pack(truth, predicted, CLASSES)
    assert text.startswith("crack>crack:2 ")
    assert by_type.unpack(text) == {
        ("crack", "crack"): 2,
        ("crack", "good"): 1,
        ("hole", "crack"): 1,
        ("good", "hole"): 1,
    }
    assert by_type.pack(truth * 0, predicted * 0, CLASSES) == ""
    assert by_type.unpack("") == {}


@pytest.mark.parametrize("text", ["crack", "crack>hole", "crack>hole:many", "a>b>c:1"])
def test_words_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="does not say"):
        by_type.unpack(text)


def test_figures_of_types_by_hand(record: MakeRecord) -> None:
    rows = [
        record(defect="crack", type_predicted="crack", type_pixels="crack>crack:60 crack>hole:20 crack>good:20"),
        record(defect="hole", type_predicted="hole", type_pixels="hole>hole:30 good>hole:50"),
        record(defect="good", type_predicted="good", type_pixels=""),
    ]
    found = by_type.summary(rows)
    crack, hole = found["types"]["crack"], found["types"]["hole"]
    assert crack == {"iou": 0.6, "dice": 120 / 160, "recall": 0.6, "precision": 1.0, "true_px": 100}
    assert hole == {"iou": 0.3, "dice": 60 / 130, "recall": 1.0, "precision": 0.3, "true_px": 30}
    assert found["miou"] == pytest.approx(0.45)
    assert found["type_confusion"]["pixels"] == {
        "crack": {"crack": 60, "hole": 20, "good": 20},
        "hole": {"hole": 30},
        "good": {"hole": 50},
    }
    assert found["type_confusion"]["photos"] == {"crack": {"crack": 1}, "hole": {"hole": 1}, "good": {"good": 1}}
    assert metrics.figures(rows)["miou"] == found["miou"]
    json.dumps(metrics.summary(rows, np.zeros((2, histogram.BINS), np.int64)), allow_nan=False)


def test_a_type_that_is_neither_there_nor_found_does_not_count(record: MakeRecord) -> None:
    rows = [record(type_predicted="crack", type_pixels="crack>crack:10")]
    assert by_type.miou(rows) == 1.0
    assert by_type.miou([record(type_predicted="good")]) is None


def test_binary_records_have_none_of_it(record: MakeRecord) -> None:
    rows = [record(), record(defect="good")]
    assert by_type.summary(rows) == {}
    assert "miou" not in metrics.figures(rows)
    assert "miou" not in intervals(rows, 10, 0)
    assert columns_of(rows) == COLUMNS
    assert not {"type_predicted", "type_pixels"} & set(COLUMNS)


def test_records_are_read_as_they_were_written(record: MakeRecord, tmp_path: Path) -> None:
    typed = [record(type_predicted="hole", type_pixels="hole>hole:3 good>hole:1"), record(type_predicted="good")]
    binary = [record()]
    for name, rows in (("typed.csv", typed), ("binary.csv", binary)):
        write_records(tmp_path / name, rows)
        assert read_records(tmp_path / name) == rows
    assert "type" not in (tmp_path / "binary.csv").read_text().splitlines()[0]


def test_the_interval_of_miou_is_that_of_resampled_tiles(record: MakeRecord) -> None:
    draw = np.random.default_rng(0)
    rows = []
    for number in range(20):
        kind = CLASSES[number % 2]
        right, wrong = int(draw.integers(10, 90)), int(draw.integers(1, 40))
        rows.append(record(defect=kind, type_predicted=kind, type_pixels=f"{kind}>{kind}:{right} {kind}>good:{wrong}"))
    low, high = intervals(rows, 400, 0)["miou"]
    middle = by_type.miou(rows)
    assert middle is not None
    assert low < middle < high
    # The same by drawing photos (each is a tile of its own) and measuring them anew.
    again = np.random.default_rng(1)
    sampled = [by_type.miou([rows[i] for i in again.integers(0, 20, 20)]) for _ in range(400)]
    assert np.percentile(sampled, [2.5, 97.5]) == pytest.approx([low, high], abs=0.03)


def test_confusion_of_photos_is_a_series_of_its_own(record: MakeRecord, tmp_path: Path) -> None:
    counts = np.zeros((2, histogram.BINS), np.int64)
    write_plots(tmp_path, [record(photo="a", type_predicted="hole", type_pixels="crack>hole:4")], counts)
    assert (tmp_path / "type_confusion.csv").read_text() == "photo,actual,predicted\na,crack,hole\n"
    (tmp_path / "binary").mkdir()
    write_plots(tmp_path / "binary", [record()], counts)
    assert not (tmp_path / "binary" / "type_confusion.csv").exists()


def test_the_margin_of_miou_is_paired(record: MakeRecord) -> None:
    a, b = [], []
    for number in range(12):
        kind = CLASSES[number % 2]
        same = {"photo": f"p{number}", "tile": f"t{number}", "defect": kind, "type_predicted": kind}
        a.append(record(**same, type_pixels=f"{kind}>{kind}:{70 + number} {kind}>good:20"))
        b.append(record(**same, type_pixels=f"{kind}>{kind}:{40 + number} {kind}>good:50"))
    found = compare(a, b, resamples=200).figures["miou"]
    assert found.a == by_type.miou(a)
    assert found.b == by_type.miou(b)
    assert found.low is not None
    assert 0 < found.low < found.difference < found.high
    assert found.verdict == BETTER
    assert "miou" not in compare([record(photo="x", tile="x")], [record(photo="x", tile="x")], resamples=10).figures


def test_pooled_folds_are_measured_like_one_evaluation(record: MakeRecord) -> None:
    rows = [record(type_predicted="crack", type_pixels=f"crack>crack:{n} crack>good:9") for n in (3, 5, 8, 13)]
    folds = [Fold(Record("a-fold1", "1", "b", 1.0, {}), tuple(rows[:2]), None)]
    folds.append(Fold(Record("a-fold2", "2", "b", 1.0, {}), tuple(rows[2:]), None))
    found = pool(Group("a", 2, tuple(fold.record for fold in folds)), folds)
    assert found.figures["miou"] == by_type.miou(rows) == pytest.approx(29 / 65)
    assert found.spread["miou"].folds == 2
    assert "miou" in found.intervals
    json.dumps(found.as_dict(), allow_nan=False)
