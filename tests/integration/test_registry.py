"""The model registry with the real git, DVC and GTO: versions, stages, and the bundle in another clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Verb
from tests.integration.experiments import dvc, experiment_refs, git
from tilecli.experiments import registry
from tilecli.experiments.naming import resolve
from tilecli.files import write_json
from tilecli.layout import Project


@pytest.fixture(scope="module")
def registered_once(tried_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment low as v1.0.0, in prod."""
    project = Project(tmp_path_factory.mktemp("registered") / "parts")
    shutil.copytree(tried_once, project.root, symlinks=True)
    registry.register(project, "low")
    registry.promote(project, "latest", "prod")
    return project.root


def told(model: Verb, project: Project, *arguments: str) -> Any:
    return json.loads(model(project, *arguments, "--json").stdout)


def weights(folder: Path) -> str:
    return (folder / "model.onnx").read_text()


def test_versions_and_stages(tried: Project, model: Verb) -> None:
    assert "no model is registered yet" in model(tried, "list").output
    first = told(model, tried, "register", "low", "-m", "Safe")
    assert (first["version"], first["rev"], first["run"]) == ("v1.0.0", experiment_refs(tried)["low"], "low")
    assert first["metrics"]["dice_mean"] == pytest.approx(0.5 + 0.001 + 0.03 - 0.05)
    assert first["data"] and first["model"]
    assert told(model, tried, "register", "high")["version"] == "v1.1.0"
    assert told(model, tried, "register", "middle", "--bump", "patch")["version"] == "v1.1.1"
    model(tried, "promote", "v1.0.0", "prod")
    model(tried, "promote", "latest", "dev")
    assert [(one["version"], one["stages"]) for one in told(model, tried, "list")] == [
        ("v1.1.1", ["dev"]),
        ("v1.1.0", []),
        ("v1.0.0", ["prod"]),
    ]
    time.sleep(1.1)  # GTO itself takes what happened last within a second by chance
    model(tried, "promote", "@v1.1.0", "prod", "-m", "Better")
    assert told(model, tried, "show", "prod")["version"] == "v1.1.0"
    # The one that was there is only out of that stage.
    assert told(model, tried, "show", "1.0.0")["stages"] == []
    happened = told(model, tried, "history")
    assert [(one["kind"], one["version"], one["stage"]) for one in happened[:2]] == [
        ("promoted", "v1.1.0", "prod"),
        ("promoted", "v1.1.1", "dev"),
    ]
    assert (happened[0]["message"], happened[0]["who"]) == ("Better", "An Engineer")
    # GTO, which whole teams use, sees the same.
    command = [Path(sys.executable).with_name("gto"), "show", "--json"]
    said = subprocess.run(command, cwd=tried.root, capture_output=True, text=True, check=True).stdout
    seen = json.loads(said)["model"]
    assert seen["version"] == "v1.1.1"
    assert seen["stage"] == {"dev": "v1.1.1", "prod": "v1.1.0"}


def test_what_gto_takes_back_is_gone_here(tried: Project, model: Verb) -> None:
    for name in ("low", "high"):
        model(tried, "register", name)
    model(tried, "promote", "v1.1.0", "prod")
    gto = Path(sys.executable).with_name("gto")
    subprocess.run([gto, "deprecate", "model", "v1.1.0", "prod"], cwd=tried.root, check=True)
    assert told(model, tried, "show", "v1.1.0")["stages"] == []
    subprocess.run([gto, "deprecate", "model", "v1.1.0"], cwd=tried.root, check=True)
    assert [one["version"] for one in told(model, tried, "list")] == ["v1.0.0"]
    assert [one["kind"] for one in told(model, tried, "history")][:2] == ["withdrawn", "demoted"]


def test_the_gates_verdict_goes_with_the_version(tried: Project, model: Verb) -> None:
    high = resolve(tried, "high")
    said = {"passed": True, "verdict": "better", "metric": "dice_mean"}
    run = {"name": "high", "rev": high.rev, "model": high.model}
    write_json(tried.report / "gate.json", {**said, "run": run})
    assert "gate" not in told(model, tried, "register", "low")
    assert told(model, tried, "register", "high")["gate"] == said
    assert "passed" in model(tried, "list").output


def test_a_colleague_gets_the_bundle_and_nothing_else(tried: Project, model: Verb, tmp_path: Path) -> None:
    model(tried, "register", "high")
    model(tried, "promote", "v1.0.0", "prod")
    store = tmp_path / "store"
    dvc(tried.root, "remote", "add", "--default", "--quiet", "store", str(store))
    git(tried.root, "commit", "--quiet", "-m", "Remote", ".dvc/config")
    rev = experiment_refs(tried)["high"]
    git(tried.root, "stash", "--quiet")
    git(tried.root, "switch", "--quiet", "--detach", rev)
    dvc(tried.root, "checkout", "--quiet", "--force")
    dvc(tried.root, "remote", "add", "--default", "--quiet", "--force", "store", str(store))
    dvc(tried.root, "push", "--quiet")
    git(tried.root, "switch", "--quiet", "--force", "main")
    git(tmp_path, "clone", "--quiet", str(tried.root), "clone")
    clone = Project(tmp_path / "clone")
    found = told(model, clone, "pull", "prod", "--out", "deployed")
    assert (found["version"], found["bundle"]) == ("v1.0.0", "deployed")
    assert weights(clone.root / "deployed") == "weights {'learning_rate': 0.1, 'epochs': 2}"
    assert not clone.dataset.exists()
    assert (
        len([path for path in (clone.root / ".dvc" / "cache").rglob("*") if path.is_file()]) == 3
    )  # folder, two files
    assert "is there already" in model(clone, "pull", "prod", "--out", "deployed", code=2).output
    # A second time it comes from here.
    shutil.rmtree(store)
    assert weights(Path(told(model, clone, "pull", "v1.0.0")["bundle"])) == weights(clone.root / "deployed")


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["register", "workspace"], "only what is committed", 1),
        (["register", "hihg"], "high", 1),
        (["register", "low"], "is v1.0.0 already", 1),
        (["register", "high", "--version", "two"], "is no version", 2),
        (["register", "high", "--version", "1.0.0"], "the registry refuses", 1),
        (["promote", "v9.0.0", "prod"], "no registered model is 'v9.0.0'", 1),
        (["promote", "v1.0.0", "pro d"], "is no name of a stage", 2),
        (["promote", "v1.0.0", "prod"], "in prod already", 1),
        (["show", "prd"], "prod", 1),
    ],
)
def test_bad_input_changes_nothing(
    registered_once: Path, model: Verb, arguments: list[str], says: str, code: int
) -> None:
    project = Project(registered_once)
    before = git(project.root, "tag")
    assert says in model(project, *arguments, code=code).output
    assert git(project.root, "tag") == before
