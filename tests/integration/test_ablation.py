"""benchmarks/ablation.py: real runs of seconds on the sample photos, and its tables."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from tilecli.config import DataParams, SampleParams
from tilecli.data.fetch import fetch_dataset
from tilecli.evaluation.records import Record
from tilecli.layout import Project

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PARAMS = "train: {widths: [8, 12], crop_size: 64, batch_size: 4, device: cpu, precision: fp32, channels: 1}\n"


@pytest.fixture
def ablation(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("ablation")
    for name in ("ablation", "ablation_tables"):
        sys.modules.pop(name, None)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    fetch_dataset(made, DataParams(sources=("sample",), sample=SampleParams(tiles=16, seed=0)))
    made.params.write_text(PARAMS)
    return made


def test_every_ingredient_is_added_and_taken_once(ablation: ModuleType) -> None:
    found = {variant.name: variant for variant in ablation.variants()}
    assert len(found) == 3 + 2 * len(ablation.INGREDIENTS)
    assert found[ablation.OWN].overrides == {}
    keys = set(ablation.BASE)
    for name, own in ablation.INGREDIENTS.items():
        assert own.keys() <= keys, f"{name} has no way to be off"
        added = found[f"base + {name}"].overrides
        assert {key for key in keys if added[key] != ablation.BASE[key]} == {
            key for key in own if own[key] != ablation.BASE[key]
        }
        other = found[f"recipe {'−' if name in ablation.RECIPE else '+'} {name}"].overrides
        assert other != found["recipe"].overrides
    for variant in found.values():
        assert variant.against is None or variant.against in found
        assert ablation._params(variant.overrides).train.epochs == 40


def test_a_run_that_fails_runs_again_others_are_done_once_and_give_tables(
    ablation: ModuleType, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(ablation, "EPOCHS", 2)
    chosen = [variant for variant in ablation.variants() if variant.name in ("base", "base + injection")]
    # One at a time: the second takes the graph that the first has captured, which costs more than both trainings.
    settings = {"steps": 4, "jobs": 1, "overrides": {}}
    wrong = {**settings, "overrides": {"train.arch": "unet", "train.encoder": "nosuch"}}
    failed = ablation.run_all(project, out, chosen[:1], [{"split.seed": 0}], [0], **wrong)
    assert [path.name for path in failed] == ["log.txt"]
    assert "nosuch" in failed[0].read_text()
    assert ablation.run_all(project, out, chosen, [{"split.seed": 0}], [0], **settings) == []
    logs = sorted((out / "runs").glob("*/*/log.txt"))
    before = [path.stat().st_mtime_ns for path in logs]
    assert len(logs) == 2
    assert ablation.run_all(project, out, chosen, [{"split.seed": 0}], [0], **settings) == []
    assert [path.stat().st_mtime_ns for path in logs] == before

    ablation.ablation_tables.write(out, {variant.name: variant.against for variant in chosen}, 1)
    rows = json.loads((out / "ablation.json").read_text())["rows"]
    assert [(row["variant"], row["against"], row["runs"]) for row in rows] == [
        ("base", None, 1),
        ("base + injection", "base", 1),
    ]
    assert rows[0]["photos"] == rows[1]["photos"] > 0
    assert rows[1]["differences"]["dice_photo"]["value"] == pytest.approx(
        rows[1]["figures"]["dice_photo"]["value"] - rows[0]["figures"]["dice_photo"]["value"]
    )
    text = (out / "ablation.md").read_text()
    assert text.count("| base + injection |") == 3
    assert str(tmp_path) not in text


def record(photo: str, tile: str, defect: str, right: int) -> Record:
    bad = defect != "good"
    return Record(
        photo, tile, defect, right, right, 10 * bad, 100, 0.9 * bad, "defect" if bad else "good", 1, 1, 1, 1.0
    )


def test_folds_are_pooled_and_seeds_are_no_new_tiles(ablation: ModuleType) -> None:
    tables = ablation.ablation_tables
    folds = [
        [
            record(f"{kind}{fold}{n}", f"tile{fold}{n}", kind, 5 + fold + n)
            for n in range(4)
            for kind in ("hole", "good")
        ]
        for fold in range(2)
    ]
    runs = [tables.Run(fold, seed, folds[fold], 60.0) for fold in range(2) for seed in range(3)]
    assert len(tables.pool(runs)) == 3 * 16
    better = [replace(r, records=[replace(x, intersection_px=x.intersection_px + 1) for x in r.records]) for r in runs]
    rows = tables.measure({"base": runs, "more": better}, {"base": None, "more": "base"})
    assert [row["tiles"] for row in rows] == [8, 8]
    once = tables.measure({"base": runs[::3]}, {"base": None})
    one, three = once[0]["figures"]["dice_photo"], rows[0]["figures"]["dice_photo"]
    assert one["value"] == pytest.approx(three["value"])
    assert one["interval"] == pytest.approx(three["interval"])
    assert rows[1]["differences"]["dice_photo"]["verdict"] == "better"
    assert "**" in tables.markdown(rows, 6)
    assert "(2 of 6 runs)" in tables.markdown(once, 6)
    with pytest.raises(ValueError, match="tested by two folds"):
        tables.pool([*runs, tables.Run(2, 0, folds[0], 60.0)])
