"""How `tiles exp tune` closes: table, picture and JSON of a real Optuna study that has all its trials."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.conftest import Tiles
from tests.experiment_repo import Repository
from tests.searches import by_rate, tried
from tilecli.experiments.plots import search_plotly
from tilecli.palette import DARK, LIGHT

SPACE = ["-S", "train.learning_rate=log(1e-3,1e-1)", "-S", "train.weight_decay=uniform(0,1)"]


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "factory")


def tune(tiles: Tiles, repo: Repository, trials: int, *more: str | Path, code: int = 0) -> Any:
    arguments = ["exp", "tune", "--study", "rates", "--trials", str(trials), *SPACE, *more]
    return tiles(*arguments, cwd=repo.project.root, code=code)


def test_charts_are_what_plotly_takes_in_both_themes(repo: Repository) -> None:
    from plotly.graph_objects import Figure

    search = tried(repo.project, 8, by_rate, pruned=(4, 6))
    for theme in (LIGHT, DARK):
        history, importances = search_plotly.charts(search, theme)
        for chart in (history, importances):
            Figure(chart.spec)  # raises ValueError for a key or a value that Plotly does not know
    line, ended, early = history.spec["data"]
    assert line["y"] == search.best_so_far
    assert early["x"] == [4, 6]
    assert sorted([*ended["x"], *early["x"]]) == list(range(1, 9))
    assert ended["marker"]["symbol"] != early["marker"]["symbol"]
    assert "ended early" in early["name"]
    (bars,) = importances.spec["data"]
    assert dict(zip(bars["y"], bars["x"], strict=True)) == pytest.approx(
        {name.removeprefix("train."): 100 * share for name, share in search.importances.items()}
    )


def test_the_page_lies_beside_the_study_and_stands_alone(repo: Repository, tiles: Tiles) -> None:
    search = tried(repo.project, 6, by_rate, pruned=(4,))
    done = tune(tiles, repo, 6)
    path = repo.project.scratch / "tune" / "rates.html"
    assert f"drawn in {path}" in done.stderr
    assert "rough guess from 5 trials" in done.stderr
    assert "What dice_mean hung on" in done.stdout
    page = path.read_text()
    ours = re.sub(r"<script>/\*\*\s*\* plotly\.js.*?</script>", "", page, flags=re.S)
    assert len(page) - len(ours) > 1_000_000, "Plotly's script is not in the page"
    assert "://" not in ours
    assert f"<code>{search.ranked[0].experiment}</code>" in ours
    assert "6 trials, 1 ended early" in ours


def test_json_names_the_picture(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    search = tried(repo.project, 3, by_rate)
    out = tmp_path / "rates.png"
    found = json.loads(tune(tiles, repo, 3, "--out", out, "--json").stdout)
    assert found["picture"] == str(out)
    assert found["importances"] == pytest.approx(search.importances)
    assert [trial["dice_mean"] for trial in found["trials"]] == [trial.value for trial in search.trials]
    picture = cv2.imread(str(out))
    assert picture.shape[1] == 1800
    accent = (picture.reshape(-1, 3) == (0xB2, 0x72, 0x00)).all(axis=1)  # as BGR
    assert accent.sum() > 1000, "there are no bars"


def test_one_setting_is_drawn_without_importances(repo: Repository, tiles: Tiles) -> None:
    tried(repo.project, 4, lambda trial: float(trial.suggest_float("train.learning_rate", 0, 1)))
    done = tune(tiles, repo, 4)
    assert "one setting was searched" in done.stderr
    assert "hung on" not in done.stdout
    page = (repo.project.scratch / "tune" / "rates.html").read_text()
    assert 'id="chart-0"' in page
    assert 'id="chart-1"' not in page
    assert "one setting was searched" in page


def test_one_trial_is_not_drawn(repo: Repository, tiles: Tiles) -> None:
    tried(repo.project, 1, by_rate)
    done = tune(tiles, repo, 1)
    assert "needs two trials" in done.stderr
    assert json.loads(tune(tiles, repo, 1, "--json").stdout)["picture"] is None
    assert not list(repo.project.root.glob("**/*.html"))


def test_another_ending_is_refused_before_anything_runs(repo: Repository, tiles: Tiles, tmp_path: Path) -> None:
    done = tune(tiles, repo, 1, "--out", tmp_path / "rates.pdf", code=2)
    assert "neither .html nor .png" in done.stderr
    assert not repo.project.scratch.exists()
