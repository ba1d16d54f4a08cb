"""The only module that spawns dvc. Runs pipelines and experiments, and turns their output into progress events.

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
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from tilecli import progress, quiet
from tilecli.errors import MissingExtraError, PipelineError
from tilecli.experiments import stage as stage_module
from tilecli.layout import Project

_RUNNING = re.compile(r"^Running stage '([^']+)'")
_SKIPPED = re.compile(r"^Stage '([^']+)' (didn't change|is cached)")
_LOCKED = re.compile(r"Unable to acquire lock|is busy, it is being|is locked")
_POLL_S = 0.1
_LOCK_WAIT_S = 2.0  # DVC itself has waited for 3 s by then
_KEPT_LINES = 60  # of DVC's own output, for an error that no stage explains
_GRACE_S = 20  # from a Ctrl-C to the first harder signal; a training step plus a checkpoint fits


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


@dataclass(frozen=True)
class Background:
    """For a run that nobody watches: where it is written down, and how it is told to stop."""

    log: Path  # DVC's output is appended to it
    stop_wanted: Callable[[], bool]  # asked several times a second
    began: Callable[[int], None]  # is told the id of DVC's process, which leads a group of its own
    pass_fds: tuple[int, ...] = ()  # that this process shall keep open
    variables: dict[str, str] = field(default_factory=dict)  # for DVC and its stages


def repro(project: Project, targets: Sequence[str] = (), *, force: bool = False) -> Outcome:
    """`dvc repro`: bring `targets` (default: the whole pipeline) and what they need up to date.

    With `force` just the targets run, in the order given, whether or not anything changed.
    """
    arguments = ["repro", *(["--force", "--single-item"] if force else []), *targets]
    return _run(project, arguments)


def experiment(
    project: Project,
    *,
    name: str | None = None,
    overrides: Sequence[str] = (),
    targets: Sequence[str] = (),
    message: str | None = None,
    resume: bool = False,
    background: Background | None = None,
) -> Outcome:
    """`dvc exp run` in the workspace: run what `overrides` touch and keep the result as an experiment.

    Raises KeyboardInterrupt where it was stopped, by Ctrl-C or through `background`.
    """
    arguments = ["exp", "run", *targets]
    if name:
        arguments += ["--name", name]
    if message:
        arguments += ["--message", message]
    for override in overrides:
        arguments += ["--set-param", override]
    return _run(project, arguments, {stage_module.RESUME_VARIABLE: "1"} if resume else {}, background)


def plain(folder: Path, *arguments: str) -> str:
    """Run a short dvc command in `folder` and return what it printed; PipelineError with DVC's words if it fails."""
    done = subprocess.run(
        [*_dvc(), *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().removeprefix("ERROR: ")
        raise PipelineError(f"dvc {' '.join(arguments)} failed: {words}", where=str(folder))
    return done.stdout


def cache_folder(project: Project) -> Path:
    """Where DVC keeps the contents of tracked files, by whatever level of its settings."""
    return Path(plain(project.root, "cache", "dir").strip()).resolve()


# DVC's command line pushes or fetches the workspace, branches or everything; its library takes any commits. It reads
# the remotes from those commits, though, and silently copies nothing for one that is older than the remote: the
# settings of today are put over them.
_TRANSFER = """
import copy, json, sys
from dvc.repo import Repo
asked = json.loads(sys.stdin.read())
with Repo(".") as repo:
    sections = [name for name in ("core", "remote", "cache") if name in repo.config]
    today = {name: copy.deepcopy(dict(repo.config[name])) for name in sections}
with Repo(".", config=today) as repo:
    work = {"push": repo.push, "fetch": repo.fetch}[asked["way"]]
    count = work(revs=asked["revs"], workspace=False, remote=asked["remote"], jobs=asked["jobs"])
print(json.dumps({"files": count}))
"""


def transfer(
    project: Project,
    way: Literal["push", "fetch"],
    revs: Sequence[str],
    *,
    remote: str | None = None,
    jobs: int | None = None,
) -> int:
    """Copy the files that these commits track to (or from) a DVC remote; returns how many were copied."""
    asked = json.dumps({"way": way, "revs": list(revs), "remote": remote, "jobs": jobs})
    _dvc()
    done = subprocess.run(
        [sys.executable, "-c", _TRANSFER],
        cwd=project.root,
        env=environment(),
        input=asked,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return int(json.loads(done.stdout.splitlines()[-1])["files"] or 0)
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    # The last line of a traceback is `package.Error: what`.
    raise PipelineError(
        f"dvc {way} failed: {re.sub(r'^[A-Za-z_.]+: ', '', last)}", where=remote or "the default remote"
    )


def remotes(project: Project) -> list[str]:
    """Names of the DVC remotes, the default one first."""
    lines = [line.partition("\t") for line in plain(project.root, "remote", "list").splitlines() if line.strip()]
    names = [name.split()[0] for name, _, _ in lines]
    chosen = [name for name, (_, _, rest) in zip(names, lines, strict=True) if rest.rstrip().endswith("(default)")]
    return [*chosen, *(name for name in names if name not in chosen)]


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for DVC and its stages: quiet, and with this interpreter's folder first on the PATH.

    dvc.yaml says `python`; without the PATH a shell whose environment is not activated would find another one.
    """
    quiet.be_quiet()
    scripts = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if path.split(os.pathsep)[:1] != [scripts]:
        path = os.pathsep.join([scripts, path])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **(extra or {})}


def _dvc() -> list[str]:
    import importlib.util

    if importlib.util.find_spec("dvc") is None:
        raise MissingExtraError("dvc", "train")
    return [sys.executable, "-m", "dvc"]


def _run(
    project: Project,
    arguments: list[str],
    extra: dict[str, str] | None = None,
    background: Background | None = None,
) -> Outcome:
    """Run DVC; where another command holds its lock, wait for that to end."""
    waiting = False
    while True:
        try:
            return _run_once(project, arguments, extra or {}, background)
        except LockedError as error:
            if not waiting:
                progress.note(f"waiting for another tiles or dvc command in this project to end ({error.where})")
                waiting = True
            time.sleep(_LOCK_WAIT_S)


def _run_once(project: Project, arguments: list[str], extra: dict[str, str], background: Background | None) -> Outcome:
    command = _dvc()
    project.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.scratch, prefix="run-") as folder:
        events = Path(folder) / "events.jsonl"
        events.touch()
        variables = {progress.ENVIRONMENT_VARIABLE: str(events), stage_module.PARENT_VARIABLE: str(os.getpid())}
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=project.root,
            env=environment({**variables, **extra, **(background.variables if background else {})}),
            pass_fds=background.pass_fds if background else (),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if background:
            background.began(process.pid)
        return _follow(process, events, background)


def _follow(process: subprocess.Popen[str], events: Path, background: Background | None) -> Outcome:
    """Pass on what DVC and its stages say until DVC ends; raise what a stage reported as its error."""
    outcome = Outcome(0)
    tail: deque[str] = deque(maxlen=_KEPT_LINES)
    errors: list[progress.Event] = []
    log = background.log if background else Path(os.devnull)
    reader = threading.Thread(target=_read_lines, args=(process.stdout, tail, outcome, log), daemon=True)
    reader.start()
    with events.open(encoding="utf-8") as stream:
        feed = _Feed(stream, errors, outcome)
        try:
            with _terminate_as_interrupt():
                while process.poll() is None:
                    feed.pump()
                    if background is not None and background.stop_wanted():
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


class LockedError(PipelineError):
    """Another command holds one of DVC's locks."""


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
