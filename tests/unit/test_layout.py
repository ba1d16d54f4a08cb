"""Finding the project from anywhere inside it."""

from pathlib import Path

import pytest

from tilecli.errors import ProjectError
from tilecli.layout import find_project, shipped


def test_a_project_is_found_from_below(tmp_path: Path):
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "params.yaml").touch()
    below = tmp_path / "data" / "dataset"
    below.mkdir(parents=True)
    assert find_project(below).root == tmp_path.resolve()


def test_outside_a_project_the_error_says_what_to_type(tmp_path: Path):
    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path)
    assert caught.value.hint == "tiles init"


@pytest.mark.parametrize("name", ["dvc.yaml", "params.yaml", "configs/demo.yaml"])
def test_shipped_files_are_there(name: str):
    assert shipped(name).is_file()
