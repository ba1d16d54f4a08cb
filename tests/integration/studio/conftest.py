"""`tiles studio` as a process of its own, and a browser to look at it with."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.integration.serving.browser import chromium
from tilecli.layout import Project

_READY = re.compile(r"ready on (http://[\w.]+:\d+)")


@contextlib.contextmanager
def _started(project: Project, *arguments: str) -> Iterator[str]:
    log = project.root.parent / f"studio-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tilecli", "studio", *arguments, "--no-browser", "--port", "0"]
    with log.open("w") as stream:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=project.root, stdout=stream, stderr=stream, env=environment)
    try:
        until = time.monotonic() + 120
        while (found := _READY.search(log.read_text())) is None:
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield found.group(1)
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def start() -> Iterator[Callable[..., str]]:
    """Start `tiles studio …` in a project; returns its address. It ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda project, *arguments: stack.enter_context(_started(project, *arguments))


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can have an event loop
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened
