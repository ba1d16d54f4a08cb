from pathlib import Path

import pytest

from tilecli.data.index import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.delivery.check import sample
from tilecli.errors import DataError, UsageError
from tilecli.layout import Project


def laid_down(root: Path, subset: str) -> Project:
    project = Project(root)
    names = [f"p{number:02}" for number in range(12)]
    project.dataset.mkdir(parents=True)
    write_index(project.index, [Photo(n, f"images/{n}.png", "", "good", "s", "", 8, 8) for n in names])
    rows = [Assigned(n, n, "good", subset if place % 2 else "train") for place, n in enumerate(names)]
    write_manifest(project.split, rows)
    return project


def test_the_same_test_photos_every_time(tmp_path: Path) -> None:
    project = laid_down(tmp_path, "test")
    chosen = sample.of_project(project, 3, 0)
    assert chosen == sample.of_project(project, 3, 0) == sorted(chosen)
    assert all(int(path.stem[1:]) % 2 for path in chosen)  # of the test subset
    assert len({tuple(sample.of_project(project, 3, seed)) for seed in range(20)}) > 5
    assert len(sample.of_project(project, 100, 0)) == 6


def test_a_split_without_test_photos(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test photos"):
        sample.of_project(laid_down(tmp_path, "valid"), 3, 0)


def test_a_folder_without_photos(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no photo"):
        sample.of_folder(tmp_path, 3, 0)
