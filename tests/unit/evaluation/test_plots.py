from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tilecli import histogram
from tilecli.evaluation import metrics
from tilecli.evaluation.plots import write_plots


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _counts() -> np.ndarray:
    draw = np.random.default_rng(0)
    truth = (draw.random((100, 100)) < 0.2).astype(np.uint8)
    logits = draw.normal(0, 2, truth.shape) + 4 * truth - 2
    return histogram.count((1 / (1 + np.exp(-logits))).astype(np.float32), truth)


def test_every_series(record, tmp_path: Path) -> None:
    rows = [record(defect="good" if i % 2 else "crack", score=i / 10, verdict="defect") for i in range(9)]
    counts = _counts()
    write_plots(tmp_path, rows, counts)

    curve = _read(tmp_path / "precision_recall.csv")
    recall = np.asarray([float(row["recall"]) for row in curve])
    precision = np.asarray([float(row["precision"]) for row in curve])
    assert (np.diff(recall) >= 0).all()
    area = np.sum(np.diff(np.append(0, recall)) * precision)
    assert abs(area - metrics.summary(rows, counts)["pixel_ap"]) < 0.02

    dice = _read(tmp_path / "dice_over_threshold.csv")
    assert len(dice) == 99
    assert max(float(row["dice"]) for row in dice) > 0.7

    groups = _read(tmp_path / "reliability.csv")
    assert sum(int(row["pixels"]) for row in groups) == 100 * 100
    # 0.2 of the pixels are defect, and logits that lie 2 around ∓2 say so but for the prior.
    assert all(float(row["defect_share"]) <= float(row["probability"]) + 0.05 for row in groups)

    roc = _read(tmp_path / "roc.csv")
    x = [float(row["false_alarm_rate"]) for row in roc]
    y = [float(row["found_rate"]) for row in roc]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert abs(np.trapezoid(y, x) - metrics.figures(rows)["auroc"]) < 1e-9

    confusion = _read(tmp_path / "confusion.csv")
    assert [row["photo"] for row in confusion] == [row.photo for row in rows]
    assert {row["actual"] for row in confusion} == {"good", "defect"}
    assert {row["predicted"] for row in confusion} == {"defect"}


def test_what_is_undefined_is_an_empty_series(record, tmp_path: Path) -> None:
    write_plots(tmp_path, [record(defect="good")], np.zeros((2, histogram.BINS), np.int64))
    for name in ("precision_recall", "dice_over_threshold", "reliability", "roc"):
        assert _read(tmp_path / f"{name}.csv") == []
    assert len(_read(tmp_path / "confusion.csv")) == 1
