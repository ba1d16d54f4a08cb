"""Projects with versions of their data: made by `tiles` itself, with the real git and DVC."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from tests.photosets import write_photos
from tilecli.cli.main import app
from tilecli.layout import Project

TYPES = {"crack": 6, "blowhole": 6, "good": 12}


def tiles(project: Project, *arguments: str, code: int = 0) -> Result:
    """`tiles …` in the project's folder, in this process; checks the exit code."""
    import contextlib

    with contextlib.chdir(project.root):
        done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, f"{arguments} → {done.exit_code}\n{done.output}\n{done.exception!r}"
    return done


def data(project: Project, *arguments: str, code: int = 0) -> Result:
    return tiles(project, "data", *arguments, code=code)


def told(project: Project, *arguments: str) -> Any:
    """What `tiles data … --json` says."""
    return json.loads(data(project, *arguments, "--json").stdout)


def git(project: Project, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project.root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def lay_down(
    folder: Path, settings: dict[str, Any] | None = None, more: Callable[[Path], None] | None = None
) -> Project:
    """A project beside the folder of photos that it was made of, fetched, split, committed and tagged `base`.

    more: puts other photos into that folder.
    """
    write_photos(folder / "line 3", TYPES, seed=1)
    if more is not None:
        more(folder / "line 3")
    project = Project(folder / "my project")
    overrides = {"data.sources": "['../line 3']", "split.valid": "0.2", "split.test": "0.3", **(settings or {})}
    given = [part for key, value in overrides.items() for part in ("-S", f"{key}={value}")]
    done = CliRunner().invoke(app, ["init", str(project.root), *given])
    assert done.exit_code == 0, done.output
    git(project, "config", "user.name", "An Engineer")
    git(project, "config", "user.email", "engineer@example.org")
    tiles(project, "split")
    data(project, "commit", "-m", "Base dataset")
    data(project, "tag", "base", "-m", "the first photos")
    return project


def index(project: Project) -> dict[str, Any]:
    """Photo → its row."""
    from tilecli.data.catalog import read_index

    return {photo.photo: photo for photo in read_index(project.index)}


def dataset_hash(project: Project) -> str:
    """What DVC calls the dataset."""
    from tilecli.versions.version import dataset_of

    return dataset_of(project.lock.read_text())


def mask_of(project: Project, name: str) -> bytes:
    return (project.dataset / index(project)[name].mask).read_bytes()
