"""`tiles exp compare A B` on experiments in a real git repository, whose project is a folder of it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.conftest import Tiles
from tests.experiment_repo import Repository, perfect, run_files
from tilecli.errors import DataError, ProjectError, UsageError
from tilecli.evaluation import paired
from tilecli.evaluation.records import Record
from tilecli.experiments.evaluated import outdated
from tilecli.experiments.judgement import judge
from tilecli.experiments.naming import resolve


def answer(share: float, seed: int, rows: list[Record] | None = None) -> list[Record]:
    """What a model that finds about `share` of each defect says of the test photos."""
    draw = random.Random(seed)
    return [
        replace(row, intersection_px=round(row.true_px * min(1.0, max(0.0, draw.gauss(share, 0.05)))))
        for row in rows or perfect()
    ]


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "factory")
    made.experiment("good", run_files(answer(0.9, 1), {"train.learning_rate": 0.01}))
    made.experiment("poor", run_files(answer(0.6, 2), {"train.learning_rate": 0.1}))
    made.experiment("twin", run_files(answer(0.9, 3)))
    return made


def test_says_which_is_better(repo: Repository, tiles: Tiles) -> None:
    done = tiles("exp", "compare", "good", "poor", cwd=repo.project.root, TILES_ALWAYS_HINT="1")
    headline = done.stdout.splitlines()[0]
    assert headline.startswith("good is better than poor: dice_mean +0.")
    assert "probability that good is better > 99.9 %" in headline
    assert "tiles exp apply good" in done.stderr
    assert "60 photos of 30 tiles" in done.stdout
    # Every figure, every type, in 80 columns.
    narrow = tiles("exp", "compare", "poor", "good", cwd=repo.project.root, COLUMNS="80").stdout
    assert narrow.splitlines()[0].startswith("poor is worse than good: dice_mean −0.")
    for name in ("dice_mean", "false_alarm_rate", "auroc", "crack", "blowhole"):
        assert any(line.strip().startswith(f"{name} ") for line in narrow.splitlines()), name
    rows = [line.split() for line in narrow.splitlines() if line.startswith(" dice_mean")]
    assert rows[0][-2:] == ["▼", "worse"]


def test_no_evidence_between_twins(repo: Repository, tiles: Tiles) -> None:
    done = tiles("exp", "compare", "good", "twin", cwd=repo.project.root)
    assert done.stdout.startswith("no evidence that good and twin differ: dice_mean ")


def test_json_is_what_the_bootstrap_found(repo: Repository, tiles: Tiles) -> None:
    facts = json.loads(tiles("exp", "compare", "good", "poor", "--json", cwd=repo.project.root).stdout)
    direct = paired.compare(answer(0.9, 1), answer(0.6, 2))
    assert facts["verdict"] == "better"
    assert (facts["a"]["name"], facts["b"]["name"]) == ("good", "poor")
    assert facts["figures"].keys() == direct.figures.keys()
    dice, wanted = facts["figures"]["dice_mean"], direct.figures["dice_mean"]
    assert (dice["difference"], dice["low"], dice["high"]) == (wanted.difference, wanted.low, wanted.high)
    assert [row["photo"] for row in facts["changed"]] == [row.photo for row in direct.changed]
    assert facts["tiles"] == 30


def test_lists_flipped_photos_and_counts_the_rest(repo: Repository, tiles: Tiles) -> None:
    blind = [replace(row, verdict="good") if row.photo < "photo030" else row for row in answer(0.9, 1)]
    repo.experiment("blind", run_files(blind))
    said = tiles("exp", "compare", "good", "blind", cwd=repo.project.root).stdout
    assert "Photos whose verdict flipped: 20" in said
    assert "and 10 more" in said
    assert "defect ✓" in said
    assert "good ✗" in said


def test_workspace_commits_and_short_names_are_understood(repo: Repository) -> None:
    project = repo.project
    for path, text in run_files(answer(0.9, 1)).items():
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text(text)
    poor = resolve(project, "poor").rev
    found = judge(project, "workspace", poor[:9], resamples=200)
    assert found.comparison.figures["dice_mean"].verdict == paired.BETTER
    repo.git("add", ".")
    repo.git("commit", "--quiet", "-m", "Keep it")
    assert judge(project, "HEAD", "workspace", resamples=50).comparison.same
    assert judge(project, "main", "good", resamples=50).comparison.same
    with pytest.raises(ProjectError, match="'HEAD~1' was not evaluated"):
        judge(project, "HEAD~1", "good")


def test_refuses_other_photos_and_says_what_to_do(repo: Repository, tiles: Tiles) -> None:
    rows = answer(0.9, 1)
    repo.experiment("other", run_files(rows[:50], {"split.seed": 7}))
    said = tiles("exp", "compare", "good", "other", cwd=repo.project.root, code=2).stderr
    assert "'good' and 'other' cannot be compared" in said
    assert "10 only by good (photo050, photo051, photo052 and 7 more), 50 by both" in said
    assert "tiles exp apply other && tiles train -S split.seed=0" in said
    assert "--shared compares on the 50 photos that are the same for both" in said
    masks = [replace(rows[0], true_px=rows[0].true_px + 1), *rows[1:]]
    repo.experiment("repainted", run_files(masks))
    said = tiles("exp", "compare", "good", "repainted", cwd=repo.project.root, code=2).stderr
    assert "the true mask of 1 of the 60 photos" in said
    assert "tiles eval" in said


def test_grown_data_are_compared_on_the_photos_that_both_were_tested_on(repo: Repository, tiles: Tiles) -> None:
    rows = answer(0.6, 2)
    grown = [*rows[10:], *(replace(row, photo=f"new-{row.photo}", tile=f"new-{row.tile}") for row in rows[:20])]
    repo.experiment("grown", run_files(grown))
    done = tiles("exp", "compare", "good", "grown", "--shared", cwd=repo.project.root)
    assert done.stdout.startswith("good is better than grown: dice_mean +0.")
    assert "50 photos of 25 tiles, the same for both, 10 of A and 20 of B left out" in done.stdout
    facts = json.loads(tiles("exp", "compare", "good", "grown", "--shared", "--json", cwd=repo.project.root).stdout)
    assert (facts["photos"], facts["only_a"], facts["only_b"]) == (50, 10, 20)
    repo.experiment("strangers", run_files(grown[-20:]))
    said = tiles("exp", "compare", "good", "strangers", "--shared", cwd=repo.project.root, code=2).stderr
    assert "'good' and 'strangers' cannot be compared: no photo was tested by both" in said
    assert "--shared is for two runs" in tiles("exp", "compare", "--shared", cwd=repo.project.root, code=2).stderr


def test_refuses_runs_that_were_not_evaluated(repo: Repository, tiles: Tiles) -> None:
    repo.experiment("only", run_files(None))
    said = tiles("exp", "compare", "good", "only", cwd=repo.project.root, code=1).stderr
    assert "'only' was not evaluated: it has no evaluation/per_image.csv" in said
    assert "tiles exp apply only && tiles eval" in said
    # `tiles train --only` leaves the evaluation of an earlier model beside the new one.
    repo.experiment("stale", {**run_files(answer(0.9, 4)), "dvc.lock": lock(checkpoint="new")})
    repo.experiment("whole", {**run_files(answer(0.9, 4)), "dvc.lock": lock(checkpoint="old")})
    with pytest.raises(ProjectError, match=r"older than its training/checkpoints/best\.ckpt"):
        judge(repo.project, "good", "stale")
    assert judge(repo.project, "good", "whole", resamples=20).comparison.photos == 60


def lock(checkpoint: str) -> str:
    """A dvc.lock whose bundle was exported from the checkpoint `old`."""
    best, bundle = "training/checkpoints/best.ckpt", "models/bundle"
    stages = {
        "train": {"outs": [{"path": best, "md5": checkpoint}]},
        "export": {"deps": [{"path": best, "md5": "old"}], "outs": [{"path": bundle, "md5": "b"}]},
        "evaluate": {"deps": [{"path": bundle, "md5": "b"}, {"path": "data/split.csv", "md5": "s"}]},
    }
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


def test_a_lock_that_cannot_be_read_says_nothing() -> None:
    assert outdated("") is None
    assert outdated("stages: {a: [") is None
    assert outdated(lock("new")) == "training/checkpoints/best.ckpt"


def test_a_figure_that_was_measured_otherwise_is_left_out(repo: Repository) -> None:
    repo.experiment("strict", run_files(answer(0.6, 2), {"evaluate.iou": 0.9}))
    found = judge(repo.project, "good", "strict", resamples=50)
    assert "defect_recall" not in found.comparison.figures
    assert "evaluate.iou was 0.3 for good and 0.9 for strict" in found.left_out["defect_recall"]
    assert judge(repo.project, "good", "poor", resamples=50).left_out == {}


def test_names_what_it_cannot_find(repo: Repository) -> None:
    with pytest.raises(ProjectError) as caught:
        judge(repo.project, "good", "pooor")
    assert "'pooor'" in caught.value.message
    assert "poor" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="the same"):
        judge(repo.project, "good", "good")


def test_broken_records_are_named(repo: Repository) -> None:
    files = run_files(answer(0.9, 1))
    lines = files["evaluation/per_image.csv"].splitlines()
    files["evaluation/per_image.csv"] = "\n".join([*lines[:2], lines[2].replace(",10000,", ",many,"), *lines[3:]])
    repo.experiment("torn", files)
    with pytest.raises(DataError) as caught:
        judge(repo.project, "good", "torn")
    assert caught.value.where == "torn:evaluation/per_image.csv:3"
