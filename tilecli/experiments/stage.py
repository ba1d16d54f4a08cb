"""What every DVC stage does around its one library call: read params, report progress, say errors, end cleanly."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tilecli import paramfile, progress, quiet
from tilecli.config import Params
from tilecli.errors import TRACEBACK_VARIABLE, TilesError
from tilecli.layout import Project

PARENT_VARIABLE = "TILES_PARENT"  # process id of the `tiles` that waits for this stage
RESUME_VARIABLE = "TILES_RESUME"
ORIGIN_VARIABLE = "TILES_ORIGIN"  # folder of the project that this one is a temporary clone of
_PARENT_POLL_S = 1.0


def run_stage(work: Callable[[Project, Params], object]) -> None:
    """Run `work` on the project in the current folder, and exit the process with 0, 1, or 130 when interrupted."""
    quiet.be_quiet()
    events = os.environ.get(progress.ENVIRONMENT_VARIABLE)
    listener = _json_listener(Path(events)) if events else _plain_listener
    _follow_parent()
    signal.signal(signal.SIGTERM, _as_interrupt)
    with progress.listen(listener):
        try:
            origin = os.environ.get(ORIGIN_VARIABLE)
            project = Project(Path.cwd(), Path(origin) if origin else None)
            work(project, paramfile.load(project.params))
        except TilesError as error:
            data = {"where": error.where, "hint": error.hint, "exit_code": error.exit_code}
            progress.emit(progress.Event("error", text=error.message, data=data))
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)


def resume_wanted() -> bool:
    """Whether `tiles train --resume` started this stage."""
    return os.environ.get(RESUME_VARIABLE) == "1"


def _json_listener(path: Path) -> progress.Listener:
    # One write of one line: lines of several stages never mix, and a reader sees whole lines only.
    stream = path.open("a", encoding="utf-8", buffering=1)

    def listen(event: progress.Event) -> None:
        stream.write(json.dumps(event.as_dict(), default=str) + "\n")

    return listen


def _plain_listener(event: progress.Event) -> None:
    """For a stage that was started by hand with `dvc repro`."""
    if event.kind == "epoch":
        values = "  ".join(
            f"{name} {value:.4g}" for name, value in event.data.items() if isinstance(value, (int, float))
        )
        print(f"epoch {event.done:g}/{event.total:g}  {values}", flush=True)
    elif event.kind in ("note", "warning", "error"):
        label = "" if event.kind == "note" else f"{event.kind}: "
        print(f"{label}{event.text}", file=sys.stderr, flush=True)
        for name in ("where", "hint"):
            if event.data.get(name):
                print(f"  {name}: {event.data[name]}", file=sys.stderr, flush=True)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _follow_parent() -> None:
    """End like a Ctrl-C when the `tiles` that waits for this stage is gone (kill -9): nobody would see the result."""
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent:
        return

    def watch() -> None:
        while True:
            time.sleep(_PARENT_POLL_S)
            try:
                os.kill(int(parent), 0)
            except ProcessLookupError:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            except PermissionError:
                return

    threading.Thread(target=watch, daemon=True).start()
