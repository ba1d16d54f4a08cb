"""`tiles ci init`: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.conftest import ROOT
from tests.integration.delivery.jobs import Site
from tests.integration.experiments import git
from tests.integration.hosts import GITHUB
from tilecli.cli.main import app
from tilecli.layout import shipped

Ci = Callable[..., Result]
WORKFLOWS = [f".github/workflows/tiles-{name}.yaml" for name in ("experiment", "develop", "deploy")]
INCLUDED = [f".gitlab/tiles-{name}.yml" for name in ("experiment", "develop", "deploy")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project under git, without a remote of git's or DVC's."""
    root = tmp_path / "Magnetic Parts"
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text("")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(shipped(name), root / name)
    git(root, "init", "--quiet", "-b", "trunk")
    git(root, "config", "user.name", "t")
    git(root, "config", "user.email", "t@t")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Set up")
    return root


@pytest.fixture
def ci(monkeypatch: pytest.MonkeyPatch, root: Path) -> Ci:
    """`tiles ci …` in the project's folder, in this process; checks the exit code."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str, code: int = 0, cwd: Path = root) -> Result:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["tiles", "ci", *arguments])
        done = CliRunner().invoke(app, ["ci", *arguments])
        assert done.exit_code == code, f"{arguments} → {done.exit_code}\n{done.output}\n{done.exception!r}"
        return done

    return run


HEROKU = ("init", "github", "--deploy", "heroku", "--app", "parts", "--gate", "--min 0.8 --floor crack=0.6")


def test_three_workflows_and_a_section_of_the_readme(ci: Ci, root: Path) -> None:
    (root / "README.md").write_text("# Parts\n\nOurs.\n")
    said = ci(*HEROKU).output
    assert "gh secret set HEROKU_API_KEY --env development" in said
    assert "tiles data remote add storage" in said
    made_by = "# Made by: tiles ci init github --deploy heroku --app parts --gate '--min 0.8 --floor crack=0.6'"
    assert all((root / name).read_text().startswith(made_by) for name in WORKFLOWS)
    job = yaml.safe_load((root / WORKFLOWS[0]).read_text())["jobs"]["experiment"]
    assert job["env"]["BASE"] == "trunk"
    (gate,) = [step["run"] for step in job["steps"] if "report gate" in step.get("run", "")]
    assert "--min 0.8 --floor crack=0.6 || [ $? -eq 3 ]" in gate
    deploy = (root / WORKFLOWS[2]).read_text()
    assert "tiles deploy heroku --app parts-prod --model prod" in deploy
    readme = (root / "README.md").read_text()
    assert readme.startswith("# Parts\n\nOurs.\n\n<!-- tiles ci: begin -->\n## CI\n")
    for name in ("TILES_TOKEN", "HEROKU_API_KEY", "TILES_URL"):
        assert f"| `{name}`" in readme
    # The same again changes nothing; another choice replaces the section, and nothing else of the README.
    planned = json.loads(ci("init", "github", "--deploy", "none", "--dry-run", "--json").stdout)
    assert planned["replaced"] == WORKFLOWS[:2]
    done = json.loads(ci(*HEROKU, "--json", "--force").stdout)
    assert (done["written"], done["backups"]) == ([], [])
    (root / "README.md").write_text(readme + "\nMore.\n")
    ci("init", "github", "--deploy", "none", "--force")
    readme = (root / "README.md").read_text()
    assert readme.startswith("# Parts\n\nOurs.\n")
    assert readme.endswith("<!-- tiles ci: end -->\n\nMore.\n")
    assert "HEROKU" not in readme


def test_nothing_that_stands_is_overwritten_unasked(ci: Ci, root: Path) -> None:
    own = root / WORKFLOWS[0]
    own.parent.mkdir(parents=True)
    own.write_text("name: mine\n")
    said = ci("init", "github", code=1).output
    assert "already there" in said
    assert "--force" in said
    assert own.read_text() == "name: mine\n"
    assert not (root / WORKFLOWS[1]).exists()
    assert not (root / "README.md").exists()
    done = json.loads(ci("init", "github", "--force", "--json").stdout)
    (backup,) = done["backups"]
    assert (root / backup).read_text() == "name: mine\n"
    assert not backup.endswith((".yaml", ".yml"))
    assert "tiles experiment" in own.read_text()


def test_a_dry_run_writes_nothing(ci: Ci, root: Path) -> None:
    before = sorted(root.rglob("*"))
    said = ci("init", "gitlab", "--dry-run").stdout
    assert [name for name in [*INCLUDED, ".gitlab-ci.yml"] if f"# --- {name}" not in said] == []
    assert sorted(root.rglob("*")) == before


def test_a_pipeline_of_gitlab_that_stands_is_the_users(ci: Ci, root: Path) -> None:
    own = root / ".gitlab-ci.yml"
    own.write_text("lint:\n  script: [make lint]\n")
    said = ci("init", "gitlab", code=1).output
    assert "include these in your .gitlab-ci.yml: /.gitlab/tiles-experiment.yml" in said
    assert not (root / ".gitlab").exists()
    text = "".join(f"  - local: /{name}\n" for name in INCLUDED)
    own.write_text(f"include:\n{text}lint:\n  script: [make lint]\n")
    ci("init", "gitlab")
    assert "make lint" in own.read_text()
    assert (root / INCLUDED[0]).is_file()


def test_a_project_inside_a_repository(ci: Ci, tmp_path: Path, root: Path) -> None:
    top = tmp_path / "factory"
    shutil.copytree(root, top / "vision lab", ignore=shutil.ignore_patterns(".git"))
    git(top, "init", "--quiet", "-b", "main")
    ci("init", "github", cwd=top / "vision lab")
    workflow = yaml.safe_load((top / WORKFLOWS[0]).read_text())
    assert workflow["defaults"]["run"]["working-directory"] == "vision lab"
    assert yaml.safe_load((top / WORKFLOWS[1]).read_text())[True]["push"]["paths"] == ["vision lab/dvc.lock"]
    assert "## CI" in (top / "vision lab" / "README.md").read_text()
    assert not (top / "README.md").exists()


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["--gate", "--mni 0.8"], "--min", 2),
        (["--gate", "--floor crack=7"], "is no floor", 2),
        (["--gate", "main --min 0.8"], "says what is compared", 2),
        (["--gate", "--min '"], "quotation", 2),
        (["--deploy", "heroku", "--app", "Parts_1"], "no name of Heroku's", 2),
        (["--base", "a b"], "cannot stand in a workflow", 2),
        (["--branches", "*"], "cannot stand in a workflow", 2),
        (["--tiles", "a\nb"], "on one line", 2),
    ],
)
def test_bad_choices_are_refused(ci: Ci, root: Path, arguments: list[str], says: str, code: int) -> None:
    assert says in ci("init", "github", *arguments, code=code).output
    assert not (root / ".github").exists()


def test_marks_that_are_no_pair_and_no_repository(ci: Ci, root: Path) -> None:
    (root / "README.md").write_text("<!-- tiles ci: begin -->\n")
    assert "not a pair" in ci("init", "github", code=1).output
    assert not (root / ".github").exists()
    shutil.rmtree(root / ".git")
    assert "not in a git repository" in ci("init", "github", code=1).output


TRAINS = "torch torchvision pytorch_lightning segmentation_models_pytorch albumentations onnx optuna nncf dvclive timm"


@pytest.mark.parametrize("set_up", [GITHUB], indirect=True)
def test_jobs_that_train_nothing_need_no_torch(set_up: Site, tmp_path: Path) -> None:
    """As if the extra `train` were not installed: its modules cannot be found, in child processes neither."""
    refuser = tmp_path / "without"
    refuser.mkdir()
    (refuser / "sitecustomize.py").write_text(
        f"import sys\nABSENT = set({TRAINS!r}.split())\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ABSENT:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )

    def run(*arguments: str, code: int = 0) -> str:
        environment = {**os.environ, "PYTHONPATH": f"{refuser}{os.pathsep}{ROOT}", "COLUMNS": "160"}
        command = [sys.executable, "-m", "tilecli", *arguments]
        done = subprocess.run(
            command, cwd=set_up.folder / "parts", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    run("data", "pull")
    run("report", "gate", "HEAD")
    run("report", "HEAD")
    run("ci", "release", "--no-push")
    run("model", "pull", "dev", "--out", "deployed")
    assert 'pip install "tilecli[train]"' in run("model", "cache-weights", "resnet34", code=1)
