"""The fingerprint follows everything that a comparison shows, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiment_repo import Repository, run_files
from tilecli.experiments.reading.sameness import fingerprint
from tilecli.layout import Project


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.experiment("first", run_files(curve=[0.1, 0.5]))
    return made


def task(project: Project, state: str) -> None:
    folder = project.scratch / "queue" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(json.dumps({"id": 1, "name": "one", "state": state}, indent=2))


def dvc_run(project: Project, name: str, status: int, location: str = "dvc-exp-local") -> None:
    path = project.root / ".dvc" / "tmp" / "exps" / "run" / name / f"{name}.run"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"status": status, "location": location, "name": "one"}))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


CHANGES: dict[str, Callable[[Repository], object]] = {
    "an experiment more": lambda r: r.experiment("second", run_files(curve=[0.2])),
    "an experiment less": lambda r: r.git("update-ref", "-d", f"refs/exps/{r.base[:2]}/{r.base[2:]}/first"),
    "another branch": lambda r: r.git("checkout", "--quiet", "-b", "other"),
    "a branch more": lambda r: r.git("branch", "other"),
    "a tag": lambda r: r.git("tag", "-a", "v1", "-m", "one"),
    "a commit": lambda r: r.git("commit", "--quiet", "--allow-empty", "-m", "next"),
    "params": lambda r: write(r.project.params, r.project.params.read_text() + "\n# changed\n"),
    "training metrics": lambda r: write(r.project.training_metrics, "{}"),
    "evaluation": lambda r: write(r.project.metrics, "{}"),
    "the learning curve": lambda r: write(r.project.valid_dice, "step\tdice\n0\t0.5\n"),
    "the lock": lambda r: write(r.project.lock, "schema: '2.0'\n"),
    "a queued task": lambda r: task(r.project, "queued"),
    "DVC's waiting tasks": lambda r: write(
        r.folder / ".git" / "logs" / "refs" / "exps" / "celery" / "stash", "commit: dvc-exp:…\n"
    ),
    "an ended run of DVC": lambda r: dvc_run(r.project, "abc", 3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_follows_every_change(repository: Repository, change: str) -> None:
    before = fingerprint(repository.project)
    CHANGES[change](repository)
    after = fingerprint(repository.project)
    assert before is not None
    assert after is not None
    assert after != before


def test_same_words_are_no_change(repository: Repository) -> None:
    before = fingerprint(repository.project)
    write(repository.project.params, repository.project.params.read_text())
    write(repository.folder / "notes.txt", "of no concern")
    repository.git("pack-refs", "--all")
    assert fingerprint(repository.project) == before


def test_none_while_something_runs(repository: Repository) -> None:
    task(repository.project, "running")
    assert fingerprint(repository.project) is None
    task(repository.project, "done")
    assert fingerprint(repository.project) is not None
    dvc_run(repository.project, "abc", 2)
    assert fingerprint(repository.project) is None


def test_what_dvc_leaves_behind_is_not_at_work(repository: Repository) -> None:
    dvc_run(repository.project, "abc", 1, location="workspace")
    assert fingerprint(repository.project) is not None
    dvc_run(repository.project, "workspace", 1, location="workspace")
    assert fingerprint(repository.project) is None


def test_none_without_git_or_commit(tmp_path: Path) -> None:
    assert fingerprint(Project(tmp_path)) is None
