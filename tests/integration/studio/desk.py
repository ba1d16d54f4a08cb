"""`tiles studio` as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.conftest import ROOT
from tilecli.layout import Project

_URL = re.compile(r"http://[\w.]+:\d+")


@contextlib.contextmanager
def start(project: Project, *arguments: str) -> Iterator[str]:
    """The server on a free port, ended afterwards; yields its address."""
    log = project.root.parent / f"studio-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tilecli", "studio", *arguments, "--no-browser", "--port", "0"]
    with log.open("w") as stream:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=project.root, stdout=stream, stderr=stream, env=environment)
    try:
        until = time.monotonic() + 120
        while not ("ready on" in log.read_text() and (found := _URL.search(log.read_text()))):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield found.group()
    finally:
        process.terminate()
        process.wait(timeout=60)
