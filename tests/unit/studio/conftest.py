from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.studied import Studied
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"


@pytest.fixture
def studied(tmp_path: Path) -> Studied:
    """A repository with the experiment `looked-at`."""
    return Studied(tmp_path / "parts")


@pytest.fixture
def client(studied: Studied) -> Iterator[TestClient]:
    """The studio of it."""
    with TestClient(make_app(Studio(studied.project), [HOST]), base_url=f"http://{HOST}") as opened:
        yield opened
