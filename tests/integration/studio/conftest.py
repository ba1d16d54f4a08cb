from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.serving.browser import chromium


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can have an event loop
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened
