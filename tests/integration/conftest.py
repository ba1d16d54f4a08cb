"""One repository with a baseline and three experiments and one with a version of its data, copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.integration import data_projects, experiments
from tests.madeonce import made_once
from tilecli.layout import Project

RATES = {"low": "0.001", "high": "0.1", "middle": "0.05"}

Verb = Exp = Callable[..., Result]


@pytest.fixture(scope="session")
def tried_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        project = experiments.lay_down(folder / "parts")
        experiments.run_baseline(project)
        for name, rate in RATES.items():
            why = "does a higher rate pay?" if name == "high" else None
            experiments.run_experiment(project, name, f"train.learning_rate={rate}", message=why)

    return made_once(tmp_path_factory, "tried", make) / "parts"


@pytest.fixture
def tried(tried_once: Path, tmp_path: Path) -> Project:
    """A baseline and the experiments low, high and middle; the workspace holds the results of the last."""
    shutil.copytree(tried_once, tmp_path / "parts", symlinks=True)
    return Project(tmp_path / "parts")


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Verb:
    """`tiles …` in a project's folder, in this process; checks the exit code."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(project: Project, *arguments: str, code: int = 0) -> Result:
        monkeypatch.chdir(project.root)
        return data_projects.tiles(project, *arguments, code=code)

    return run


@pytest.fixture
def exp(verb: Verb) -> Exp:
    """`tiles exp …` in a project's folder."""
    return lambda project, *arguments, code=0: verb(project, "exp", *arguments, code=code)


@pytest.fixture
def model(verb: Verb) -> Verb:
    """`tiles model …` in a project's folder."""
    return lambda project, *arguments, code=0: verb(project, "model", *arguments, code=code)


@pytest.fixture(scope="session")
def versioned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "versioned", data_projects.lay_down)


@pytest.fixture
def versioned(versioned_once: Path, tmp_path: Path) -> Project:
    """A project with 24 photos, split, committed and tagged `base`; its source lies beside it."""
    shutil.copytree(versioned_once, tmp_path / "place", symlinks=True)
    return Project(tmp_path / "place" / "my project")
