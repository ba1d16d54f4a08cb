"""A process of its own for what needs DVC's library: how it is asked, heard, stopped and answered.

A network library may hang, print and hold threads; here it can be ended at any moment. The child stops by itself, in
order, as soon as whoever asked is gone, by whatever signal.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from typing import Any

from tilecli import progress, quiet
from tilecli.errors import TRACEBACK_VARIABLE, MissingExtraError, PipelineError, TilesError
from tilecli.experiments.remotes.parallel import Stopped
from tilecli.layout import Project

_WATCHED = "TILES_WATCHED"  # number of the pipe whose other end is held by whoever asked
_GRACE_S = 10.0  # for a child to finish the files it has begun


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after the child has ended in order; `answer` says how far it came."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


def ask(project: Project, module: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Run `python -m module` in the project, hand it `asked`, emit its progress here, return its answer.

    Raises the error it reports, PipelineError if it ended without a word, and Interrupted after Ctrl-C.
    """
    import importlib.util

    from tilecli.experiments import dvc  # not for the child: it brings all settings of a project along

    if importlib.util.find_spec("dvc") is None:
        raise MissingExtraError("dvc", "data")
    watched, held = os.pipe()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=project.root,
                env=dvc.environment({_WATCHED: str(watched)}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get(TRACEBACK_VARIABLE) else said,
                text=True,
                start_new_session=True,
                pass_fds=(watched,),
            )
        finally:
            os.close(watched)
        answer: dict[str, Any] = {}
        try:
            _talk(process, asked, answer)
        except KeyboardInterrupt:
            os.close(held)
            held = -1
            _finish(process, answer)
            raise Interrupted(answer) from None
        finally:
            if held >= 0:
                os.close(held)
            _finish(process, answer)
    if "error" in answer:
        raise PipelineError(**answer["error"])
    if "result" not in answer:
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"code {process.returncode}"
        raise PipelineError(f"the helper that talks to the remote ended with {how}", hint="the same command goes on")
    return dict(answer["result"])


def serve(work: Callable[[dict[str, Any], Stopped], dict[str, Any]]) -> None:
    """The child's side: do what is asked, tell its progress, answer, and end without waiting for stray threads."""
    quiet.be_quiet()
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints is no part of the talk
    asked = json.loads(sys.stdin.readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a library that asks for a password gets an end of file
    stopped = threading.Event()
    threading.Thread(target=_wait_for_end, args=(stopped,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())

    def write(**line: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
            lines.write(json.dumps(line, default=str) + "\n")

    with progress.listen(lambda event: write(event=event.as_dict())):
        try:
            write(result=work(asked, stopped.is_set))
        except TilesError as error:
            write(error={"message": error.message, "where": error.where, "hint": error.hint})
        except BaseException as error:
            traceback.print_exc()
            write(error={"message": f"unexpected: {type(error).__name__}", "hint": "--traceback shows more"})
    os._exit(0)


def _talk(process: subprocess.Popen[str], asked: dict[str, Any], answer: dict[str, Any]) -> None:
    assert process.stdin and process.stdout  # noqa: S101 - both are pipes
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.close()
    for text in process.stdout:
        line = json.loads(text)
        if "event" in line:
            progress.emit(progress.Event(**line["event"]))
        else:
            answer.update(line)
    process.wait()


def _finish(process: subprocess.Popen[str], answer: dict[str, Any]) -> None:
    """Hear the last words of a child that was told to end; end it by force if it does not, or at another Ctrl-C."""
    if process.poll() is not None:
        return
    timer = threading.Timer(_GRACE_S, process.kill)
    timer.start()
    try:
        for text in process.stdout or ():
            line = json.loads(text)
            if "event" not in line:
                answer.update(line)
        process.wait()
    except (KeyboardInterrupt, ValueError):
        process.kill()
        process.wait()
    finally:
        timer.cancel()


def _wait_for_end(stopped: threading.Event) -> None:
    with contextlib.suppress(OSError, KeyError, ValueError):
        os.read(int(os.environ[_WATCHED]), 1)  # returns when the other end is closed
    stopped.set()
