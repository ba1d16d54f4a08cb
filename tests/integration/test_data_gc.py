"""Freeing what no version needs, and nothing else, with the real git and DVC."""

import subprocess
import sys
from pathlib import Path

from tests.integration.data_projects import data, git, index, told
from tests.photosets import write_photos
from tilecli.layout import Project


def dvc(project: Project, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=project.root, check=True, capture_output=True)


def objects(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_only_what_no_version_needs_goes(versioned: Project, tmp_path: Path) -> None:
    cache, store = versioned.root / ".dvc" / "cache" / "files" / "md5", tmp_path / "store"
    dvc(versioned, "remote", "add", "--default", "store", str(store))
    git(versioned, "commit", "--quiet", "-am", "Add a remote")
    dvc(versioned, "push")
    assert told(versioned, "gc", "--dry-run") == {"files": 0, "bytes": 0, "remote": None, "done": False}
    base = objects(cache)

    # A batch that is not committed is needed by the workspace; once removed, by nobody.
    inbox = write_photos(tmp_path / "inbox", {"crack": 1, "good": 2}, seed=2)
    data(versioned, "add", str(inbox), "--name", "nov")
    dvc(versioned, "push")
    there = objects(store / "files" / "md5")
    # 3 photos (the mask is one that is there); the dataset's list and index; the batch's list, index and description.
    assert len(objects(cache) - base) == 3 + 2 + 3
    assert told(versioned, "gc", "--dry-run")["files"] == 0
    data(versioned, "remove", "nov")
    found = told(versioned, "gc", "--dry-run")
    assert found["files"] == 8
    assert objects(cache) > base
    assert "--yes does it" in data(versioned, "gc", code=2).output
    assert told(versioned, "gc", "--yes")["files"] == 8
    assert objects(cache) == base

    # The remote is another matter.
    assert objects(store / "files" / "md5") == there
    assert told(versioned, "gc", "--remote", "store", "--dry-run")["files"] == 8
    assert told(versioned, "gc", "--remote", "store", "--yes")["done"]
    assert objects(store / "files" / "md5") == base
    assert "did you mean store" in data(versioned, "gc", "--remote", "stroe", code=1).output

    # What only the remote has is still needed there, although this machine cannot see what a version lists.
    dataset = next(name for name in base if name.endswith(".dir"))
    for name in objects(cache):
        (cache / name).unlink()
    assert told(versioned, "gc", "--remote", "store", "--dry-run")["files"] == 0
    (store / "files" / "md5" / dataset).unlink()
    assert "neither here nor there" in data(versioned, "gc", "--remote", "store", code=1).output
    assert len(objects(store / "files" / "md5")) == len(base) - 1
    assert len(index(versioned)) == 24
