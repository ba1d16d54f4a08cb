"""A project with one spot under three exposures, and the label page of it in a real browser."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration import data_projects
from tests.integration.labelling.desk import Page, Started, start, visit
from tests.integration.serving.browser import chromium, wavy
from tests.madeonce import made_once
from tests.photosets import put_photo
from tilecli.layout import Project

HEIGHT, WIDTH = 96, 120
# Exposure → where its photo was cut from the spot: top, left, px.
CUTS = {"exp1_num_101": (6, 8), "exp2_num_102": (4, 5), "exp3_num_103": (9, 10)}


def put_spot(folder: Path) -> None:
    """Three exposures of one spot, cropped each on its own; the mask of the first is empty."""
    spot = wavy(HEIGHT + 20, WIDTH + 20, seed=5, grain=8.0)
    for number, (name, (top, left)) in enumerate(CUTS.items()):
        photo = np.clip(spot[top : top + HEIGHT, left : left + WIDTH] * (0.6 + 0.2 * number), 0, 255).astype(np.uint8)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        if number:
            mask[60 - top : 70 - top, 60 - left : 80 - left] = 255
        put_photo(folder, "crack", name, photo, mask)


@pytest.fixture(scope="session")
def exposed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "exposed", lambda folder: data_projects.lay_down(folder, more=put_spot))


@pytest.fixture
def exposed(exposed_once: Path, tmp_path: Path) -> Project:
    """A project with 27 photos, three of them exposures of one spot; its source lies beside it."""
    shutil.copytree(exposed_once, tmp_path / "place", symlinks=True)
    return Project(tmp_path / "place" / "my project")


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can have an event loop
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def labelling(browser: Any) -> Iterator[Callable[..., tuple[Started, Page]]]:
    """Start `tiles data label …` in a project and open its page."""
    with contextlib.ExitStack() as stack:

        def begin(project: Project, *arguments: str, **options: Any) -> tuple[Started, Page]:
            server = stack.enter_context(start(project, *arguments))
            return server, stack.enter_context(visit(browser, server.url, **options))

        yield begin
