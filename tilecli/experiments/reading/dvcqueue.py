"""Reads DVC's own queue without DVC: what waits, what runs, what failed.

DVC keeps a waiting task as an entry of the reflog of refs/exps/celery/stash and a failed one as an entry of
refs/exps/celery/failed. A running one is in neither: it has an info file under .dvc/tmp/exps.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tilecli.experiments.project import git
from tilecli.layout import Project

WAITING, FAILED = "refs/exps/celery/stash", "refs/exps/celery/failed"
_ENTRY = re.compile(r"commit: dvc-exp:[0-9a-f]+:(?P<baseline>[0-9a-f]+):(?P<name>[^:]*)")
_WORKSPACE = "workspace"  # name of the info file of an experiment that runs in the working tree
_WORKER = "dvc-task"  # location of one that a worker of the queue runs
_ENDED = 3  # status of an info file from which on nothing runs any more: success, failed, cancelled, finished


@dataclass(frozen=True)
class Task:
    """One entry of DVC's queue."""

    name: str
    rev: str  # the stash commit that holds its settings; empty for one that runs in the working tree
    baseline: str
    state: Literal["queued", "running", "failed"]
    folder: Path | None = None  # where the running one has the project's files
    since: float = 0.0  # when the running one began, seconds since 1970


def tasks(project: Project, prefix: str, refs: Mapping[str, str]) -> list[Task]:
    """Everything that DVC's queue holds.

    `prefix` is the project's place in the repository; `refs` are the repository's under refs/exps, by name.
    """
    running = list(_running(project, prefix))
    begun = {task.rev for task in running}
    waiting = [task for task in _entries(project, WAITING, "queued", refs) if task.rev not in begun]
    failed = list(_entries(project, FAILED, "failed", refs))
    known = {task.rev for task in failed}
    return [*(task for task in running if task.rev not in known), *waiting, *failed]


def run_files(project: Project) -> list[Path]:
    """DVC's info files, one for each experiment that it runs, or once ran and did not clear away."""
    folder = project.root / ".dvc" / "tmp" / "exps"
    return sorted([*folder.glob("run/*/*.run"), *folder.glob("standalone/run/*/*.run")])


def is_at_work(project: Project) -> bool:
    """Whether DVC, or a worker of its queue, may be running an experiment here."""
    for path in run_files(project):
        info = _read(path)
        left_behind = info.get("location") == _WORKSPACE and path.stem != _WORKSPACE
        if not left_behind and not (isinstance(info.get("status"), int) and info["status"] >= _ENDED):
            return True
    return False


def _entries(project: Project, ref: str, state: Literal["queued", "failed"], refs: Mapping[str, str]) -> Iterator[Task]:
    if ref not in refs:
        return
    for line in git(project.root, "log", "--walk-reflogs", "--format=%H %gs", ref, check=False).splitlines():
        rev, _, message = line.partition(" ")
        entry = _ENTRY.match(message)
        if entry:
            yield Task(entry["name"] or rev[:7], rev, entry["baseline"], state)


def _running(project: Project, prefix: str) -> Iterator[Task]:
    workers = list((project.root / ".dvc" / "tmp" / "exps" / "celery").glob("*.json"))
    for path in run_files(project):
        info = _read(path)
        try:
            here = info["location"] == _WORKSPACE
            # DVC never removes the file it writes while it prepares the working tree.
            if info["status"] >= _ENDED or (here and path.stem != _WORKSPACE):
                continue
            alive = _alive(path.with_suffix(".json"), workers if info["location"] == _WORKER else [])
            root = project.root if here else Path(info["root_dir"]) / prefix
            # One that ran in the working tree and was killed has left its traces there, and nothing else.
            if not root.is_dir() or (here and not alive):
                continue
            name = info["name"] or path.stem[:7]
            rev, baseline, since = "" if here else path.stem, str(info["baseline_rev"]), path.stat().st_mtime
        except (KeyError, TypeError, OSError):
            continue
        yield Task(name, rev, baseline, "running" if alive else "failed", root, since)


def _alive(path: Path, workers: list[Path]) -> bool:
    """Whether the process that the file names is there; before DVC has written it, whether any worker is."""
    if not path.exists():
        return not workers or any(_alive(worker, []) for worker in workers)
    info = _read(path)
    pid = info.get("pid")
    if not isinstance(pid, int) or info.get("returncode") is not None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
