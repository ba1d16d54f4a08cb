"""`tiles exp plot` on experiments in a real git repository."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.conftest import Tiles
from tests.experiment_repo import Repository, perfect, run_files
from tilecli.errors import ProjectError, UsageError
from tilecli.experiments.plots import axes, figures_plotly, plot
from tilecli.experiments.plots.page import as_json
from tilecli.palette import DARK, LIGHT

NASTY = "a<img/src=x>&$b$"  # git takes it as a name
CURVE = [0.2, 0.5, 0.6]


def answer(share: float) -> Any:
    return [replace(row, intersection_px=round(row.true_px * share)) for row in perfect()]


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "factory")
    made.experiment("slow", run_files(answer(0.5), {"train.learning_rate": 0.001}, CURVE))
    made.experiment(NASTY, run_files(answer(0.9), {"train.learning_rate": 0.01, "train.arch": "unet"}, [0.1, 0.9]))
    made.experiment("fast", run_files(answer(0.7), {"train.learning_rate": 0.1, "train.arch": "</script>"}, [0.4]))
    made.experiment("only", run_files(None, {"train.learning_rate": 0.1}, CURVE))
    return made


def collected(
    repo: Repository, *names: str, x: str | None = None, y: str = "dice_mean", kind: str = "all"
) -> plot.Plot:
    return plot.collect(repo.project, names, x=x, y=y, kinds=plot.KINDS if kind == "all" else [kind])


def shown(page: str, theme: str = "light") -> list[dict[str, Any]]:
    """The charts that a page holds."""
    text = page.split('<script type="application/json" id="charts">')[1].split("</script>", maxsplit=1)[0]
    return json.loads(text)[theme]


def test_collects_what_differs_the_best_first(repo: Repository) -> None:
    found = collected(repo)
    assert [run.name for run in found.runs] == [NASTY, "fast", "slow", "only"]
    assert [run.name for run in found.measured] == [NASTY, "fast", "slow"]
    assert [axis.name for axis in found.parallel][:2] == ["train.arch", "train.learning_rate"]
    assert found.parallel[-1].name == "dice_mean"
    assert found.parallel[-1].places[0] == 1.0
    assert [(axis.name, axis.kind) for axis in found.scatter] == [
        ("train.arch", axes.CATEGORY),
        ("train.learning_rate", axes.LOG),
    ]
    assert found.runs[2].series["valid.dice"] == ((1.0, 0.2), (2.0, 0.5), (3.0, 0.6))
    assert found.notes == ("without dice_mean: only",)


def test_draws_only_what_was_asked_for(repo: Repository) -> None:
    found = collected(repo, "slow", "fast", x="train.seed", kind="scatter")
    assert [run.name for run in found.runs] == ["fast", "slow"]
    assert [axis.name for axis in found.scatter] == ["train.seed"]
    assert (found.parallel, found.curves) == ((), ())
    assert [run.name for run in collected(repo, "only", kind="curves").runs] == ["only"]
    low = collected(repo, x="dice_mean", y="false_alarm_rate", kind="scatter")
    assert low.scatter[0].name == "dice_mean"


def test_lower_is_better_sorts_upwards(repo: Repository) -> None:
    alarms = [replace(row, verdict="defect") for row in answer(0.9)]
    repo.experiment("alarming", run_files(alarms))
    assert collected(repo, y="false_alarm_rate").measured[-1].name == "alarming"


def test_charts_are_what_plotly_takes_in_both_themes(repo: Repository) -> None:
    from plotly.graph_objects import Figure

    found = collected(repo)
    for theme in (LIGHT, DARK):
        charts = figures_plotly.charts(found, theme)
        assert [chart.heading for chart in charts] == [
            "Settings and figures of every run",
            "dice_mean over train.arch",
            "dice_mean over train.learning_rate",
            "Valid Dice over epochs",
            "Train loss over epochs",
        ]
        for chart in charts:
            Figure(chart.spec)  # raises ValueError for a key or a value that Plotly does not know
            assert chart.spec["layout"]["font"]["color"] == theme["ink"]
    scatter = charts[2].spec
    points = {tuple(trace["x"]): trace["y"][0] for trace in scatter["data"]}
    assert points == {
        (run.params["train.learning_rate"],): pytest.approx(run.metrics["dice_mean"]) for run in found.measured
    }
    assert scatter["layout"]["xaxis"]["type"] == "log"
    ends = scatter["data"][0]["error_y"]
    assert (ends["array"][0], ends["arrayminus"][0]) == pytest.approx((0.04, 0.05))


def test_too_many_runs_are_cut_to_the_best(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot, "MOST_RUNS", 2)
    found = collected(repo)
    assert [run.name for run in found.runs] == [NASTY, "fast"]
    assert found.runs[0].series["valid.dice"] == ((1.0, 0.1), (2.0, 0.9))
    assert found.notes == ("only the best 2 of 4 runs by dice_mean",)


def test_many_runs_are_shaded_and_the_best_named(repo: Repository) -> None:
    for number in range(10):
        repo.experiment(f"run{number}", run_files(answer(0.3 + 0.01 * number), {"train.seed": number}))
    chart = figures_plotly.charts(collected(repo, kind="parallel"), LIGHT)[0].spec
    colours = [trace["line"]["color"] for trace in chart["data"]]
    assert len(set(colours)) == 13
    names = {note["text"] for note in chart["layout"]["annotations"]}
    assert {"fast", "slow"} <= names
    assert "run3" not in names


def test_page_stands_alone(repo: Repository, tiles: Tiles) -> None:
    done = tiles("exp", "plot", cwd=repo.project.root)
    path = Path(done.stdout.strip())
    assert path == repo.project.scratch / "experiments.html"
    page = path.read_text()
    ours = re.sub(r"<script>/\*\*\s*\* plotly\.js.*?</script>", "<script></script>", page, flags=re.S)
    assert len(page) - len(ours) > 1_000_000, "Plotly's script is not in the page"
    assert "://" not in ours
    assert ours.count("<script") == page.count("<script>") + 1 == 3
    assert not re.search(r"\bsrc=", ours.replace("img/src=", ""))
    assert "default-src 'none'" in ours
    assert "<img" not in ours
    assert len(shown(page)) == len(shown(page, "dark")) == 5
    assert list(repo.project.root.glob("**/.experiments*")) == []
    assert "without dice_mean: only" in done.stderr


def test_names_are_text_and_nothing_else(repo: Repository, tmp_path: Path, tiles: Tiles) -> None:
    out = tmp_path / "page.html"
    tiles("exp", "plot", "--out", out, cwd=repo.project.root)
    page = out.read_text()
    texts: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, str) and ("img" in value or "script" in value):
            texts.append(value)

    walk(shown(page))
    assert len(texts) > 10
    for text in texts:
        assert "<img" not in text
        assert "<script" not in text
        assert "</script" not in text
        assert "$" not in text, "Plotly would set it as a formula"
        assert NASTY in unescape(text) or "</script>" in unescape(text)
    assert as_json(["</script>&"]) == r'["\u003c/script\u003e\u0026"]'


@pytest.mark.parametrize("kind", ["parallel", "scatter", "curves", "all"])
def test_png_is_a_picture_of_it(repo: Repository, tmp_path: Path, tiles: Tiles, kind: str) -> None:
    out = tmp_path / "new" / "figure.png"
    tiles("exp", "plot", "--out", out, "--kind", kind, cwd=repo.project.root)
    picture = cv2.imread(str(out))
    rows = {"parallel": 1, "scatter": 1, "curves": 1, "all": 3}[kind]
    assert picture.shape[:2] == (pytest.approx((4 * rows + 0.4) * 150, abs=2), 1800)
    best = picture.reshape(-1, 3) == (0xB2, 0x72, 0x00)  # blue of the first run, as BGR
    assert best.all(axis=1).sum() > 100
    assert sorted(file.name for file in out.parent.iterdir()) == ["figure.png"]


def test_says_what_is_wrong(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="slwo") as caught:
        collected(repo, "slwo")
    assert "slow" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="no run has a metric 'dice_maen'") as wrong:
        collected(repo, y="dice_maen")
    assert "dice_mean" in (wrong.value.hint or "")
    with pytest.raises(UsageError, match=r"no run has a param or metric 'train\.learning_rat'") as wrong:
        collected(repo, x="train.learning_rat")
    assert "train.learning_rate" in (wrong.value.hint or "")
    with pytest.raises(UsageError, match="need two runs"):
        collected(repo, "slow", kind="parallel")
    with pytest.raises(UsageError, match="same settings"):
        collected(repo, "slow", kind="scatter")
    with pytest.raises(UsageError, match="no run has a learning curve"):
        collected(repo, "HEAD", kind="curves")
    said = tiles("exp", "plot", "--out", tmp_path / "figure.pdf", cwd=repo.project.root, code=2).stderr
    assert "'figure.pdf' is neither .html nor .png" in said


def test_nothing_to_draw_yet(tmp_path: Path, tiles: Tiles) -> None:
    empty = Repository(tmp_path / "empty")
    said = tiles("exp", "plot", cwd=empty.project.root, code=1).stderr
    assert "no experiment to plot yet" in said
    assert "tiles train" in said


def test_broken_series_are_passed_over() -> None:
    assert plot.parse_series("step\tdice\n1\t0.5\n2\tnan\nx\n3\t0.7\t9\n") == ((1.0, 0.5), (3.0, 0.7))
    assert plot.parse_series("") == ()


def test_two_runs_of_one_name_are_told_apart(repo: Repository) -> None:
    rev = repo.git("rev-parse", f"refs/exps/{repo.base[:2]}/{repo.base[2:]}/slow")
    other = repo.git("commit-tree", f"{rev}^{{tree}}", "-p", repo.base, "-m", "again")
    repo.git("update-ref", f"refs/exps/{'ab'}/{'c' * 38}/slow", other)
    names = [run.name for run in collected(repo, kind="curves").runs]
    assert f"slow ({rev[:7]})" in names
    assert f"slow ({other[:7]})" in names
