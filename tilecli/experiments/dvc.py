"""The only module that spawns dvc: pipelines, experiments and short commands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilecli import files, progress, quiet
from tilecli.errors import MissingExtraError, PipelineError
from tilecli.experiments import stage as stage_module
from tilecli.experiments.following import LockedError, Outcome, TornLockError, follow
from tilecli.experiments.reporter import Reporter, is_at_work, status
from tilecli.layout import Project

_LOCK_WAIT_S = 2.0  # DVC itself has waited for 3 s by then
_ANSWER = "\x1e"  # in front of a script's answer
_ANSWERING = f"""
import json, sys
for line in sys.stdin:
    print({_ANSWER!r} + json.dumps(answer(json.loads(line))), flush=True)
"""


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
        # `++` also sets what an older params.yaml does not have yet.
        arguments += ["--set-param", f"++{override}"]
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


@contextlib.contextmanager
def script(folder: Path, text: str) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Let a Python script use DVC's library, for what no command of DVC's does; yields how it is asked.

    `text` defines `answer(asked)`, which takes and gives what JSON can hold. The process lives as long as the block, so
    several questions cost one start, and what is done before the first takes no longer for it. Asking raises
    PipelineError with the last words of a script that failed.
    """
    _dvc()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        process = subprocess.Popen(
            [sys.executable, "-c", text + _ANSWERING],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        )
        questions, answers = process.stdin, process.stdout
        assert questions is not None  # noqa: S101 - for mypy
        assert answers is not None  # noqa: S101 - for mypy

        def ask(asked: dict[str, Any]) -> dict[str, Any]:
            with contextlib.suppress(BrokenPipeError):
                questions.write(f"{json.dumps(asked)}\n")
                questions.flush()
            for line in answers:
                if line.startswith(_ANSWER):  # DVC may print as well
                    return dict(json.loads(line[len(_ANSWER) :]))
            process.wait()
            words.seek(0)
            last = (words.read().strip().splitlines() or ["no reason given"])[-1]
            # The last line of a traceback is `package.Error: what`.
            raise PipelineError(re.sub(r"^[A-Za-z_.]+: ", "", last), where=str(folder))

        try:
            yield ask
        except BaseException:
            process.kill()
            raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                questions.close()  # ends it
            process.wait()
            answers.close()


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
        raise MissingExtraError("dvc", "data")
    return [sys.executable, "-m", "dvc"]


def _run(
    project: Project,
    arguments: list[str],
    extra: dict[str, str] | None = None,
    background: Background | None = None,
) -> Outcome:
    """Run DVC; where another command holds its lock, wait for that to end, and remove one that is torn."""
    waiting = False
    while True:
        try:
            return _run_once(project, arguments, extra or {}, background)
        except LockedError as error:
            if not waiting:
                progress.note(f"waiting for another tiles or dvc command in this project to end ({error.where})")
                waiting = True
            time.sleep(_LOCK_WAIT_S)
        except TornLockError:
            if not _remove_torn_lock(project.root / ".dvc" / "tmp" / "rwlock"):
                raise


def _remove_torn_lock(path: Path) -> bool:
    """Remove DVC's note of who reads and writes what where it is no JSON; whether there was such a one.

    DVC writes it in place, and one that is killed in that moment leaves it empty. Nobody's claim is lost: DVC reads it
    under a lock of its own, so what it could not read was not being written.
    """
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except ValueError:
        path.unlink(missing_ok=True)
        return True
    return False


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
        if background:
            return follow(process, events, background.log, background.stop_wanted)
        return _watched(project, process, events)


def _watched(project: Project, process: subprocess.Popen[str], events: Path) -> Outcome:
    """Follow a command in the working tree, and write down how far it is for whoever looks from elsewhere."""
    place = project.live
    if is_at_work(status(place / "status.json")):  # its place: this command will find that DVC is locked
        return follow(process, events, None, None)
    log = place / "output.log"
    files.write_text(log, "")
    reporter = Reporter(place / "status.json", log, {"pid": process.pid, "began": time.time()})
    try:
        with progress.also(reporter.listen):
            return follow(process, events, log, None)
    finally:
        reporter.say({"ended": time.time()})
