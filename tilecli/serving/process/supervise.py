"""Several server processes on one socket: started, watched, replaced when one dies, stopped together."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tilecli.errors import ModelError, TilesError
from tilecli.serving import telemetry
from tilecli.serving.process import worker
from tilecli.serving.settings import ServeSettings

log = logging.getLogger("tiles.serve")
_SOON_S = 5.0  # a worker that dies sooner after its start has a reason that stays
_PATIENCE = 5  # such deaths in a row, until all is given up
_MARGIN_S = 5.0  # beyond the workers' own limit, before they are killed


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    report: int  # read end of its pipe
    started: float
    heard: bytes = b""
    ready: bool = False
    error: dict[str, Any] = field(default_factory=dict)


class Supervisor:
    """Keeps `settings.workers` workers alive on one socket."""

    def __init__(self, settings: ServeSettings, made: socket.socket, ready: Callable[[str, str], None]) -> None:
        """ready: called once, with version and URL, when all workers answer."""
        self._settings, self._socket, self._ready = settings, made, ready
        self._workers: list[_Worker] = []
        self._stopping = False
        self._told = False
        self._deaths = 0
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Until SIGINT or SIGTERM; raises ModelError where a worker says that the bundle cannot be served."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._pass_on)
        try:
            with tempfile.TemporaryDirectory(prefix="tiles-figures-") as figures:
                self._variables = {telemetry.SHARED_FOLDER: figures}
                for _ in range(self._settings.workers):
                    self._start()
                while self._workers and not self._stopping:
                    self._listen(1.0)
                    self._replace_dead()
                self._end()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._kill()

    def _start(self) -> None:
        ours, theirs = os.pipe()
        variables = {
            **os.environ,
            **self._variables,
            worker.SETTINGS_VARIABLE: self._settings.as_json(),
            worker.SOCKET_VARIABLE: str(self._socket.fileno()),
            worker.REPORT_VARIABLE: str(theirs),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", worker.__name__],
            env=variables,
            pass_fds=(self._socket.fileno(), theirs),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal reaches the supervisor alone, which passes it on
        )
        os.close(theirs)
        started = _Worker(process, ours, time.monotonic())
        self._workers.append(started)
        self._selector.register(ours, selectors.EVENT_READ, started)

    def _listen(self, seconds: float) -> None:
        """Take in what the workers say; the end of a pipe tells of a death at once."""
        for key, _ in self._selector.select(seconds):
            heard: _Worker = key.data
            data = os.read(heard.report, 65536)
            if not data:
                self._selector.unregister(heard.report)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    heard.process.wait(1.0)
                continue
            heard.heard += data
            *lines, heard.heard = heard.heard.split(b"\n")
            for line in lines:
                self._take(heard, json.loads(line))

    def _take(self, heard: _Worker, facts: dict[str, Any]) -> None:
        if "error" in facts:
            heard.error = facts
            return
        heard.ready = True
        if not self._told and all(entry.ready for entry in self._workers):
            self._told = True
            self._ready(facts["version"], facts["ready"])

    def _replace_dead(self) -> None:
        for dead in [entry for entry in self._workers if entry.process.poll() is not None]:
            self._workers.remove(dead)
            os.close(dead.report)
            code = dead.process.returncode
            if self._stopping:
                continue
            if dead.error and not self._told:
                raise ModelError(dead.error["error"], where=dead.error.get("where"), hint=dead.error.get("hint"))
            soon = time.monotonic() - dead.started < _SOON_S
            self._deaths = self._deaths + 1 if soon else 0
            how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            log.error("worker %d %s; another one is started", dead.process.pid, how)
            if self._deaths > _PATIENCE:
                raise TilesError(f"workers end as soon as they begin ({how})", hint="the log above says why")
            telemetry.forget(self._variables[telemetry.SHARED_FOLDER], dead.process.pid)
            if soon:
                time.sleep(0.2 * self._deaths)
            self._start()

    def _end(self) -> None:
        """Ask all to finish, and wait for as long as they may take."""
        for entry in self._workers:
            entry.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + self._settings.drain_s + _MARGIN_S
        for entry in self._workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                entry.process.wait(max(0.0, until - time.monotonic()))

    def _kill(self) -> None:
        for entry in self._workers:
            if entry.process.poll() is None:
                entry.process.kill()
                entry.process.wait()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _pass_on(self, number: int, _: object) -> None:
        for entry in self._workers:
            entry.process.send_signal(number)
