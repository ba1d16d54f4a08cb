"""Names of experiments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tilecli.errors import ProjectError
from tilecli.experiments.project import experiment_names
from tilecli.layout import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return Project(tmp_path)


def test_a_sweep_larger_than_the_list_of_words_still_gets_names(project: Project) -> None:
    first = experiment_names(project, [None] * 100)
    names = experiment_names(project, [None] * 200, first)
    assert len({*first, *names}) == 300
    words = [name for name in [*first, *names] if not name.startswith("run-")]
    assert len(words) == 144


def test_given_names_are_kept_and_no_readable_one_takes_them(project: Project) -> None:
    assert experiment_names(project, ["calm-arc", "b"]) == ["calm-arc", "b"]
    rest = experiment_names(project, [*[None] * 143, "calm-arc"])
    assert len(set(rest)) == 144
    assert not [name for name in rest if name.startswith("run-")]


@pytest.mark.parametrize(
    ("wanted", "queued", "says"),
    [
        (["a", "a"], (), "'a' is queued already"),
        (["a"], ("a",), "'a' is queued already"),
        (["a b"], (), "cannot be an experiment's name"),
    ],
)
def test_names_that_cannot_be_are_refused(
    project: Project, wanted: list[str | None], queued: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ProjectError, match=says):
        experiment_names(project, wanted, queued)
