"""`tiles exp note` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.experiment_repo import Repository, run_files


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.experiment("calm-edge", run_files(curve=[0.1]))
    return made


def test_says_keeps_and_takes_back(repository: Repository, exp: Callable[..., Result]):
    project = repository.project
    assert "no note" in exp(project, "note", "calm-edge").output
    assert "★ calm-edge: [odd] but good" in exp(project, "note", "calm-edge", "[odd] but good", "--star").output
    assert "★ calm-edge: [odd] but good" in exp(project, "note", "calm-edge").output
    exp(project, "note", "calm-edge", "", "--unstar")
    said = json.loads(exp(project, "note", "calm-edge", "--json").output)
    assert (said["star"], said["note"]) == (False, "")


def test_refuses_what_has_no_commit(repository: Repository, exp: Callable[..., Result]):
    refused = exp(repository.project, "note", "workspace", "x", code=2)
    assert "a note needs one" in refused.output
    assert "calm-edge" in exp(repository.project, "note", "calm-edg", "x", code=1).output
