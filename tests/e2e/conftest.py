"""A project with one measured model, trained once for all files of end-to-end tests and copied for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.session import Session
from tests.madeonce import made_once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that use the shared project come after the others: else all workers would begin by waiting for it."""
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    waiting = {item.path for item in here if "trained" in getattr(item, "fixturenames", ())}
    places = [place for place, item in enumerate(items) if item in set(here)]
    here.sort(key=lambda item: item.path in waiting)
    for place, item in zip(places, here, strict=True):
        items[place] = item


def train_first(folder: Path) -> None:
    """What a user types first: the base dataset, split, committed and tagged, and an experiment on it, `first`."""
    session = Session(folder)
    session.start_project()
    session.git("config", "user.name", "An Engineer")
    session.git("config", "user.email", "engineer@example.org")
    session.tiles("split")
    session.tiles("data", "commit", "-m", "Base dataset")
    session.tiles("data", "tag", "base-dataset", "-m", "Our first photos, no model yet.")
    session.tiles("train", "--name", "first")


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "trained", train_first)


@pytest.fixture(scope="session")
def trained(trained_once: Path) -> Callable[[Path], Session]:
    """A copy of it in a folder that is not there yet: the project, its user's home, and who was called so far."""

    def copy(folder: Path) -> Session:
        shutil.copytree(trained_once, folder, symlinks=True)
        return Session(folder)

    return copy
