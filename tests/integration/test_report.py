"""`tiles report` and its gate on experiments in a real git repository."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Tiles
from tests.experiment_repo import Repository, perfect, run_files
from tilecli.evaluation.records import Record


def answer(share: float, seed: int) -> list[Record]:
    draw = random.Random(seed)
    return [replace(row, intersection_px=round(row.true_px * min(1.0, draw.gauss(share, 0.05)))) for row in perfect()]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("factory"))
    curve = (0.2, 0.5, 0.7)
    made.experiment("good", run_files(answer(0.9, 1), {"train.learning_rate": 0.01}, curve))
    made.experiment("poor", run_files(answer(0.6, 2), {"train.learning_rate": 0.1}, curve))
    made.experiment("bare", run_files(None, {"train.learning_rate": 0.5}))
    grown = [*answer(0.9, 3), *(replace(row, photo=f"new-{row.photo}", tile=f"new-{row.tile}") for row in perfect(4))]
    made.experiment("grown", run_files(grown, {"train.batch_size": 9}))
    return made


def test_the_gate_stops_the_worse_and_the_report_says_so(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    root, out = repo.project.root, tmp_path / "out"
    stopped = tiles("report", "gate", "poor", "--against", "good", "--out", out, cwd=root, code=3)
    assert stopped.stdout.startswith("✗ stopped poor against good")
    assert "worse than good: dice_mean −0." in stopped.stdout
    written = json.loads(tiles("report", "poor", "--against", "good", "--out", out, "--json", cwd=root).stdout)
    assert [Path(path).name for path in written] == ["report.md", "report.html"]
    said = (out / "report.md").read_text()
    assert "**Gate: stopped.**" in said
    assert "✗ regression: worse than good" in said
    assert "| Dice, pooled over all pixels | 0.58" in said
    assert "▼ worse" in said
    assert "| `train.learning_rate` | 0.01 | 0.1 |" in said
    for picture in re.findall(r"\]\((report_files/[^)]+)\)", said):
        assert (out / picture).is_file(), picture
    passed = tiles("report", "gate", "good", "--against", "poor", "--min", "0.8", "--json", "--out", out, cwd=root)
    assert json.loads(passed.stdout)["verdict"] == "better"
    # A decision on another run is none on this one.
    tiles("report", "poor", "--against", "good", "--out", out, cwd=root)
    assert "Gate" not in (out / "report.md").read_text()


def test_the_page_needs_nobody_else(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    tiles("report", "good", "--against", "poor", "--out", tmp_path, cwd=repo.project.root)
    page = (tmp_path / "report.html").read_text()
    assert not re.search(r"""(src|href|xlink:href)=["'](?!data:|#)""", page)
    assert not re.search(r"url\((?!#)", page)
    assert page.count("<svg") == 3  # two learning curves, and Dice by type
    assert "var(--ink)" in page
    assert "▲ better" in page


def test_new_test_photos_do_not_hinder_the_comparison(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    said = tiles("report", "gate", "grown", "--against", "good", "--json", "--out", tmp_path, cwd=repo.project.root)
    found = json.loads(said.stdout)
    assert found["passed"]
    assert found["compared"] == "on the 60 photos of 30 tiles that both were tested on; 8 more are new to grown"


def test_a_base_without_an_evaluation(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    root = repo.project.root
    said = tiles("report", "gate", "good", "--against", "main", "--out", tmp_path, cwd=root).stdout
    assert "compared with nothing: 'main' was not evaluated" in said
    tiles("report", "gate", "good", "--against", "main", "--need-base", "--out", tmp_path, cwd=root, code=3)
    tiles("report", "good", "--against", "main", "--out", tmp_path, cwd=root)
    said = (tmp_path / "report.md").read_text()
    assert "Compared with nothing: 'main' was not evaluated" in said
    assert "| figure | good | 95 % |\n|---|---:|---|\n" in said


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["gode"], "good", 1),
        (["bare"], "was not evaluated", 1),
        (["good", "--against", "nobody"], "no experiment or commit 'nobody'", 1),
        (["gate", "good", "--metric", "dice_men"], "dice_mean", 2),
        (["gate", "good", "--floor", "crak=0.5"], "crack", 2),
        (["gate", "good", "--floor", "crack"], "is no floor", 2),
        (["good", "--template", "nowhere.j2"], "cannot be read", 2),
    ],
)
def test_bad_input(repo: Repository, tiles: Tiles, arguments: list[str], says: str, code: int) -> None:
    assert says in tiles("report", *arguments, cwd=repo.project.root, code=code).stderr


def test_the_template_is_the_users(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    root = repo.project.root
    tiles("report", "--eject-template", "--out", tmp_path, cwd=root)
    template = tmp_path / "report.md.j2"
    assert "there already" in tiles("report", "--eject-template", "--out", tmp_path, cwd=root, code=2).stderr
    own = tmp_path / "short.md.j2"
    own.write_text("{{ report.run.record.name }}: {{ report.figures[0].value | number }}\n")
    tiles("report", "good", "--template", own, "--out", tmp_path, cwd=root)
    assert re.fullmatch(r"good: 0\.\d{3}\n", (tmp_path / "report.md").read_text())
    template.write_text("{{ report.nothing }}")
    assert "no attribute 'nothing'" in tiles("report", "good", "--template", template, cwd=root, code=2).stderr
    template.write_text("one\n{% if %}")
    assert f"{template}:2" in tiles("report", "good", "--template", template, cwd=root, code=2).stderr
    template.write_text("{{ ''.__class__.__mro__ }}")
    assert "unsafe" in tiles("report", "good", "--template", template, cwd=root, code=2).stderr
