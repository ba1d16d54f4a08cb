"""Follows a running DVC: its output and its stages' events become progress events, and what went wrong one error.

DVC runs in a process group of its own, so that Ctrl-C reaches it once, from here, and it ends in its own order:
the stage first, then DVC, which releases its locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tilecli import progress
from tilecli.errors import PipelineError

_RUNNING = re.compile(r"^Running stage '([^']+)'")
_SKIPPED = re.compile(r"^Stage '([^']+)' (didn't change|is cached)")
_LOCKED = re.compile(r"Unable to acquire lock|is busy, it is being|is locked")
_TORN = re.compile(r"Unable to read RWLock-file")
_POLL_S = 0.1
_KEPT_LINES = 60  # of DVC's own output, for an error that no stage explains
_GRACE_S = 20  # from a Ctrl-C to the first harder signal; a training step plus a checkpoint fits


class LockedError(PipelineError):
    """Another command holds one of DVC's locks."""


class TornLockError(PipelineError):
    """DVC's note of who reads and writes what is no JSON: a DVC that was killed was just writing it."""


@dataclass
class Outcome:
    """How a DVC command went: its exit code, what became of each stage, and its last output."""

    code: int
    stages: list[tuple[str, str]] = field(default_factory=list)  # (name, "ran" | "skipped") in their order
    output: list[str] = field(default_factory=list)

    @property
    def ran(self) -> list[str]:
        """Names of the stages that ran."""
        return [name for name, how in self.stages if how == "ran"]


def follow(
    process: subprocess.Popen[str], events: Path, log: Path | None, stop_wanted: Callable[[], bool] | None
) -> Outcome:
    """Pass on what DVC and its stages say until DVC ends; raise what a stage reported as its error.

    events: the file that stages append theirs to; log: DVC's output is appended to it; stop_wanted: asked several
    times a second. Raises KeyboardInterrupt where it was stopped, PipelineError where it failed; of these
    LockedError where another command holds DVC's lock, TornLockError where a killed one has left it half written.
    """
    outcome = Outcome(0)
    tail: deque[str] = deque(maxlen=_KEPT_LINES)
    errors: list[progress.Event] = []
    written = log or Path(os.devnull)
    reader = threading.Thread(target=_read_lines, args=(process.stdout, tail, outcome, written), daemon=True)
    reader.start()
    with events.open(encoding="utf-8") as stream:
        feed = _Feed(stream, errors, outcome)
        try:
            with _terminate_as_interrupt():
                while process.poll() is None:
                    feed.pump()
                    if stop_wanted is not None and stop_wanted():
                        raise KeyboardInterrupt
                    time.sleep(_POLL_S)
        except KeyboardInterrupt:
            _end(process)
            reader.join(timeout=2)
            raise
        finally:
            if process.poll() is None:
                _end(process)
        reader.join(timeout=5)
        feed.pump()
    outcome.code = process.returncode
    outcome.output = list(tail)
    if outcome.code < 0 or (outcome.code and any("exited with 130" in line for line in tail)):
        raise KeyboardInterrupt
    if outcome.code:
        raise _failure(errors, outcome)
    return outcome


class _Feed:
    """Reads events as the stages append them, and announces the stages that DVC's own output names."""

    def __init__(self, stream: IO[str], errors: list[progress.Event], outcome: Outcome) -> None:
        self._stream, self._errors, self._outcome = stream, errors, outcome
        self._announced = 0
        self._rest = ""

    def pump(self) -> None:
        """Hand on everything that has come since the last call."""
        for name, how in self._outcome.stages[self._announced :]:
            progress.emit(progress.Event("begin", f"stage:{name}", data={"stage": how}))
            self._announced += 1
        *lines, self._rest = (self._rest + self._stream.read()).split("\n")
        for line in filter(None, lines):
            with contextlib.suppress(json.JSONDecodeError, TypeError):
                event = progress.Event(**json.loads(line))
                if event.kind == "error":
                    self._errors.append(event)
                else:
                    progress.emit(event)


def _read_lines(stream: IO[str] | None, tail: deque[str], outcome: Outcome, log: Path) -> None:
    with log.open("a", encoding="utf-8", buffering=1) as written:
        for raw in stream or ():
            line = raw.rstrip()
            if line:
                written.write(f"{line}\n")
            if match := _RUNNING.match(line):
                outcome.stages.append((match[1], "ran"))
            elif match := _SKIPPED.match(line):
                outcome.stages.append((match[1], "skipped"))
            elif line:
                tail.append(line)


def _failure(errors: list[progress.Event], outcome: Outcome) -> PipelineError:
    """The stage's own error where it reported one, else DVC's, else the last words of a stage that crashed."""
    if errors:
        last = errors[-1]
        return PipelineError(last.text, where=last.data.get("where"), hint=last.data.get("hint"))
    text = "\n".join(outcome.output)
    if _LOCKED.search(text):
        line = next(line for line in outcome.output if _LOCKED.search(line))
        return LockedError("another tiles or dvc command is working in this project", where=line)
    said = [line.removeprefix("ERROR: ") for line in outcome.output if line.startswith("ERROR: ")]
    if _TORN.search(text):
        return TornLockError(said[-1] if said else text)
    failed = outcome.ran[-1] if outcome.ran else None
    own = [line for line in outcome.output if not line.startswith(("ERROR: ", ">", "WARNING: "))]
    detail = own[-1] if failed and own else None
    message = said[-1] if said else f"dvc ended with code {outcome.code}"
    return PipelineError(
        message, where=f"stage {failed}: {detail}" if detail else None, hint="tiles --traceback … shows more"
    )


@contextlib.contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """SIGTERM to tiles ends the pipeline as Ctrl-C does (only the main thread may set handlers)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt DVC's group and wait; press harder if it does not end, or if the user presses Ctrl-C again."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        _signal_group(process, number)
        try:
            process.wait(timeout=_GRACE_S)
            return
        except subprocess.TimeoutExpired:
            continue
        except KeyboardInterrupt:
            continue


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    kill: Callable[[int, int], None] = os.killpg
    with contextlib.suppress(ProcessLookupError):
        kill(process.pid, number)
