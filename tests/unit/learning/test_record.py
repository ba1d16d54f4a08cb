from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tilecli.learning.record import Record, drop_rows


def series(folder: Path, name: str) -> list[str]:
    return (folder / "plots" / "metrics" / f"{name}.tsv").read_text().split()


def test_series_and_figures_are_where_dvc_looks(tmp_path: Path) -> None:
    record = Record(tmp_path)
    for epoch in (1, 2):
        record.epoch(epoch, {"train/loss": 1 / epoch, "lr": 0.1}, {"epoch": epoch, "best/dice": 0.5, "resumed": False})
    assert series(tmp_path, "train/loss") == ["step", "loss", "1", "1.0", "2", "0.5"]
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics == {
        "train": {"loss": 0.5},
        "lr": 0.1,
        "epoch": 2,
        "best": {"dice": 0.5},
        "resumed": False,
        "step": 2,
    }


def test_a_resumed_record_has_each_epoch_once(tmp_path: Path) -> None:
    record = Record(tmp_path)
    for epoch in (1, 2, 3):
        record.epoch(epoch, {"lr": float(epoch)}, {})
    # Epoch 3 was recorded, but its checkpoint was not saved any more: it comes again.
    record = Record(tmp_path, after=2)
    for epoch in (3, 4):
        record.epoch(epoch, {"lr": 10.0 * epoch}, {})
    assert series(tmp_path, "lr") == ["step", "lr", "1", "1.0", "2", "2.0", "3", "30.0", "4", "40.0"]


def test_half_a_row_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "valid" / "dice.tsv"
    path.parent.mkdir()
    path.write_text("step\tdice\n1\t0.5\n2\t0.")
    drop_rows(tmp_path, 1)
    assert path.read_text() == "step\tdice\n1\t0.5\n"


def test_nothing_is_set_up_in_the_git_repository_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    Record(tmp_path / "training").epoch(1, {"lr": 0.1}, {})
    assert not (tmp_path / ".dvc").exists()
