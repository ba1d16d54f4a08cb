"""`tiles studio` as a process of its own, and a browser for each file of tests."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.integration.serving.browser import chromium
from tilecli.layout import Project

_URL = re.compile(r"ready on (http://[\w.]+:\d+)")
_PATIENCE_S = 120


@contextlib.contextmanager
def start(project: Project, *arguments: str) -> Iterator[str]:
    """The studio on a free port, ended afterwards; yields its address."""
    log = project.root.parent / f"studio-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tilecli", "studio", *arguments, "--no-browser", "--port", "0"]
    with log.open("w") as stream:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=project.root, stdout=stream, stderr=stream, env=environment)
    try:
        until = time.monotonic() + _PATIENCE_S
        while not (found := _URL.search(log.read_text())):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can have an event loop
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened
