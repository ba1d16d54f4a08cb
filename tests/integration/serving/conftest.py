"""One bundle for all tests of the server, and one server for those that leave it as it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dark_bundle import write_dark_bundle
from tests.integration.serving.server import Server, serving


@pytest.fixture(scope="session")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that calls dark pixels defect; not to be changed."""
    folder = tmp_path_factory.mktemp("serving") / "bundle"
    write_dark_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def server(dark: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for one file of tests."""
    with serving(dark, tmp_path_factory.mktemp("home"), "--drain", "5") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for one file of tests: as long as it runs, Playwright's event loop keeps other tests from their own."""
    from tests.integration.serving.browser import chromium

    with chromium() as started:
        yield started
