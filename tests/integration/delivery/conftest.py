"""A bundle to deploy; a project with the fast pipeline and real records at a bare repository, with a DVC remote."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.dark_bundle import write_dark_bundle
from tests.integration import experiments
from tests.integration.delivery import jobs
from tests.integration.delivery.jobs import Site
from tests.integration.experiments import dvc, git
from tests.integration.hosts import GITHUB, GITLAB, standing_in
from tests.madeonce import made_once
from tilecli import paramfile
from tilecli.cli.main import app
from tilecli.layout import shipped

# In the place of the fast pipeline's evaluation: a learning rate of 0.01 finds 90 % of each defect, and 0.001 less.
EVALUATION = """\
elif stage == "evaluate":
    import numpy as np
    from tilecli.evaluation import metrics
    from tilecli.evaluation.records import Record, write_records
    from tilecli.opencv import cv2
    share = {0.01: 0.9, 0.02: 0.95, 0.001: 0.5}[train["learning_rate"]]
    rows = []
    for number in range(60):
        tile, true = number // 2, 0 if number // 2 % 3 == 2 else 100 + number
        hit = round(true * share)
        rows.append(Record(
            photo=f"p{number:02}", tile=f"t{tile:02}", defect=("crack", "blowhole", "good")[tile % 3],
            intersection_px=hit, predicted_px=hit, true_px=true, pixels=10_000, score=0.9 if true else 0.1,
            verdict="defect" if true else "good", defects=int(true > 0), found=int(true > 0), touched=int(true > 0),
            ms=1.0, picture="worst_01_p00.png" if number == 0 else "",
        ))
    Path("evaluation/predictions").mkdir(parents=True, exist_ok=True)
    cv2.imwrite("evaluation/predictions/worst_01_p00.png", np.full((16, 64, 3), int(255 * share), np.uint8))
    write_records(Path("evaluation/per_image.csv"), rows)
    values = {name: value for name, value in metrics.figures(rows).items() if value is not None}
    ends = {"dice_mean": {"low": values["dice_mean"] - 0.05, "high": values["dice_mean"] + 0.04}}
    write("evaluation/metrics.json", {**values, "intervals": ends})
"""


def measure_baseline(folder: Path) -> None:
    root = experiments.put_under_git_and_dvc(folder / "parts")
    text = shipped("params.yaml").read_text()
    (root / "params.yaml").write_text(paramfile.edit(text, {"train.learning_rate": 0.01, "train.epochs": 2}))
    stage = experiments.STAGE[: experiments.STAGE.index('elif stage == "evaluate"')] + EVALUATION
    stage = stage.replace('range(params["data"]["photos"])', "range(3)")
    (root / "stage.py").write_text(stage)
    (root / "dvc.yaml").write_text(experiments.PIPELINE.replace("PYTHON", f"env {shlex.quote(sys.executable)}"))
    (root / ".gitignore").write_text("ran.log\n/report/\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Set up")
    dvc(root, "repro", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "First results")


@pytest.fixture(scope="session")
def factory_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project `parts` with a measured baseline."""
    return made_once(tmp_path_factory, "factory", measure_baseline)


@pytest.fixture(scope="session")
def at_hub_once(factory_once: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Host → a folder with the repository `hub.git`, DVC's remote `store`, and an engineer's clone `parts`.

    main has auto-merging workflows, and the baseline's bytes are at the remote.
    """

    def make(folder: Path) -> None:
        for kind in (GITHUB, GITLAB):
            shutil.copytree(factory_once / "parts", folder / kind / "parts", symlinks=True)
            jobs.put_at_hub(folder / kind, kind, "--auto-merge", "--app", "hub.test/acme/parts", "--gate", "--min 0.4")

    made = made_once(tmp_path_factory, "at-hub", make)
    return {kind: made / kind for kind in (GITHUB, GITLAB)}


@pytest.fixture(params=[GITHUB, GITLAB])
def set_up(request: pytest.FixtureRequest, at_hub_once: dict[str, Path], tmp_path: Path) -> Iterator[Site]:
    """A host with such a folder of this test's own."""
    shutil.copytree(at_hub_once[request.param], tmp_path / "site", symlinks=True)
    with standing_in(request.param) as host:
        found = Site(tmp_path / "site", host)
        host.repository = found.hub
        yield found


Deploy = Callable[..., Result]


@pytest.fixture(scope="session")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that calls dark pixels defect; not to be changed."""
    folder = tmp_path_factory.mktemp("delivery") / "bundle"
    write_dark_bundle(folder)
    return folder


@pytest.fixture
def deploy(tmp_path: Path, dark: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """`tiles deploy …` in a folder called `line 7`; checks the exit code."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("TILES_API_KEYS", "HEROKU_API_KEY", "TILES_HEROKU_API", "PORT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "line 7").mkdir()
    monkeypatch.chdir(tmp_path / "line 7")

    def run(*arguments: str | Path, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["deploy", *map(str, arguments)])
        assert done.exit_code == code, f"{arguments} → {done.exit_code}\n{done.output}\n{done.exception!r}"
        return done

    return run
