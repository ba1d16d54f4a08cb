"""Writes down how far a run is, for whoever looks from elsewhere: `tiles exp status`, `tiles exp logs`, the studio."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from tilecli import files, progress

_STATUS_EVERY_S = 0.5  # how often status.json is written at most
_LOGGED = ("note", "warning")


class Reporter:
    """Keeps status.json and the lines of output.log."""

    def __init__(self, status: Path, log: Path, first: dict[str, Any] | None = None) -> None:
        """first: what status.json says before anything has happened."""
        self._path, self._log = status, log
        self._status: dict[str, Any] = {}
        self._written = 0.0
        self.say({"stage": "clone"} if first is None else first)

    def listen(self, event: progress.Event) -> None:
        """Take one event."""
        if event.task.startswith("stage:"):
            self.say({"stage": event.task.removeprefix("stage:"), "task": None, "done": None, "total": None})
        elif event.kind == "epoch":
            self._line(f"epoch {event.done:.0f}/{event.total:.0f} {_values(event.data)}")
            left = event.data.get("seconds_left")
            until = event.time + left if isinstance(left, (int, float)) else None
            self.say({"epoch": event.done, "epochs": event.total, "until": until} | _figures(event.data))
        elif event.kind == "step":
            self.say({"task": event.task, "done": event.done, "total": event.total}, now=False)
        elif event.kind in _LOGGED:
            self._line(f"{'warning: ' if event.kind == 'warning' else ''}{event.text}")

    def say(self, facts: dict[str, Any], *, now: bool = True) -> None:
        """Write facts down beside those that are there; not `now`: unless something was written a moment ago."""
        self._status |= facts
        moment = time.time()
        if now or moment - self._written >= _STATUS_EVERY_S:
            self._written = moment
            files.write_json(self._path, self._status | {"updated": moment})

    def _line(self, text: str) -> None:
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(f"{text}\n")


def status(path: Path) -> dict[str, Any]:
    """What was last written to a status.json; empty where nothing was."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def is_at_work(said: dict[str, Any]) -> bool:
    """Whether the command that wrote this status is still there: its DVC leads a process group."""
    pid = said.get("pid")
    if not isinstance(pid, int) or "ended" in said:
        return False
    with contextlib.suppress(OSError):
        return os.getpgid(pid) == pid
    return False


def _figures(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in ("loss", "valid_dice", "best_dice", "photos_per_s") if key in data}


def _values(data: dict[str, Any]) -> str:
    return "  ".join(f"{key} {value:.4g}" for key, value in data.items() if isinstance(value, (int, float)))
