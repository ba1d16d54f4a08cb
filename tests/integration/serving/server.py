"""A real server process on loopback, for the length of a test."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.conftest import ROOT

# The interpreter of an installation to test instead of this checkout: of the bare wheel, for one.
INSTALLED = os.environ.get("TILES_TEST_PYTHON")
_URL = re.compile(r"http://[\w.\[\]:]+")


class Server:
    """`tiles serve` on a free port; `url` is where it answers, `log` what it has said so far."""

    def __init__(self, process: subprocess.Popen[str], home: Path) -> None:
        self.process = process
        self.home = home
        self.lines: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("ready on"):
                found = _URL.search(line)
                assert found, line
                self.url = found.group().rstrip(":")
                self._ready.set()

    @property
    def log(self) -> str:
        return "".join(self.lines)

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_ready(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not self._ready.wait(0.05):
            if self.process.poll() is not None:
                self._reader.join(5)
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            assert time.monotonic() < until, f"not ready within {seconds} s:\n{self.log}"

    def wait_log(self, words: str, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        while words not in self.log:
            assert time.monotonic() < until, f"'{words}' was never said:\n{self.log}"
            time.sleep(0.02)

    def client(self, timeout: float = 30, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=timeout, headers=headers, trust_env=False)

    def memory_mb(self) -> float:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        raise AssertionError("no VmRSS")

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


@contextlib.contextmanager
def serving(bundle: Path, home: Path, *options: str, ready: bool = True, **variables: str) -> Iterator[Server]:
    """Start `tiles serve --bundle bundle --port 0 …`; end it afterwards, however the test went."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH")}
    checkout = {} if INSTALLED else {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [INSTALLED or sys.executable, "-m", "tilecli", "serve", "--bundle", str(bundle), "--port", "0", *options],
        cwd=home,
        env={**kept, **checkout, "HOME": str(home), "NO_COLOR": "1", **variables},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, home)
    try:
        if ready:
            server.wait_ready()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
