"""Queued experiments: one folder each under .dvc/tmp/tiles/queue, and the workers that run them.

DVC's own queue loses dead workers and starts stopped tasks again, because it infers from messages and process ids who
is at work. Here that is a lock which the kernel gives back the moment its holder is gone, however it went: a worker
holds one for its life, and each task has one that its worker and the DVC process under it share.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from tilecli import files
from tilecli.errors import ProjectError, near_matches
from tilecli.experiments import reporter
from tilecli.experiments.project import git
from tilecli.layout import Project

State = Literal["queued", "running", "done", "failed", "stopped"]
ENDED: tuple[State, ...] = ("done", "failed", "stopped")
_PATIENCE_S = 10  # for a process to end, before the next harder signal
_REFS = "refs/tiles/queue"  # keep what was queued from being collected as garbage


@dataclass(frozen=True)
class Task:
    """One experiment that was queued, and what became of it."""

    id: int
    name: str
    base: str  # commit it starts from and will hang on
    snapshot: str  # commit whose files it runs with: the workspace as it was when the task was queued
    overrides: tuple[str, ...] = ()  # `key=value`, on top of the snapshot's params.yaml
    targets: tuple[str, ...] = ()  # stages; empty: all
    message: str | None = None
    state: State = "queued"
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    worker: str | None = None
    attempts: int = 0
    rev: str = ""  # the experiment's commit, once it is done
    error: dict[str, str] = field(default_factory=dict)  # message, where, hint


class Queue:
    """The queue of one project. Every change happens under one lock, held for moments."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.scratch / "queue"

    def tasks(self) -> list[Task]:
        """Every task, the first queued first; a running one whose worker is gone is shown as failed."""
        found = []
        for path in self.folder.glob("*/task.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # being removed at this moment
                found.append(_read(path))
        return sorted((self._as_it_is(task) for task in found), key=lambda task: task.id)

    def find(self, name: str) -> Task:
        """The task called `name`; the latest where a name came twice."""
        tasks = self.tasks()
        for task in reversed(tasks):
            if task.name == name:
                return task
        hint = near_matches(name, [task.name for task in tasks]) or "tiles exp status lists them"
        raise ProjectError(f"there is no queued experiment '{name}'", hint=hint)

    def add(self, tasks: list[Task]) -> list[Task]:
        """Queue tasks, all or none; they come back with their numbers."""
        with self._locked():
            number = max((task.id for task in self.tasks()), default=0)
            added = [replace(task, id=number + 1 + i, created=time.time()) for i, task in enumerate(tasks)]
            kept = "".join(f"update {_REFS}/{task.id} {task.snapshot}\n" for task in added)
            git(self.project.root, "update-ref", "--stdin", given=kept)
            for task in added:
                self._write(task)
        return added

    def claim(self, worker: str, only: int | None = None) -> Task | None:
        """The next task (or the one numbered `only`), now running in the hands of `worker`; None when none is left."""
        with self._locked():
            for task in self.tasks():
                if only not in (None, task.id):
                    continue
                if task.state == "queued" and not self.is_held(task):
                    taken = replace(
                        task, state="running", worker=worker, started=time.time(), ended=None, error={},
                        attempts=task.attempts + 1,
                    )  # fmt: skip
                    (self.place(task) / "stop").unlink(missing_ok=True)
                    self._write(taken)
                    return taken
        return None

    def finish(self, task: Task, state: State, *, rev: str = "", error: Mapping[str, str] | None = None) -> None:
        """Say how a task that this process runs has ended."""
        with self._locked():
            self._write(replace(task, state=state, ended=time.time(), rev=rev, error=dict(error or {})))

    def retry(self, names: list[str], *, fresh: bool = False) -> list[Task]:
        """Queue failed and stopped tasks again (all of them, where none is named). They go on from their last epoch
        unless `fresh`."""
        chosen = [self.find(name) for name in names] if names else self._ended("failed", "stopped")
        for task in chosen:
            if task.state not in ("failed", "stopped"):
                raise ProjectError(f"{task.name} is {task.state}, so there is nothing to try again")
        for task in chosen:
            self._end_orphan(task)
        from tilecli.experiments import clone  # brings DVC's runner and the settings, which a look has no need of

        with self._locked():
            again = [replace(task, state="queued", worker=None, started=None, ended=None) for task in chosen]
            for task in again:
                if fresh:
                    clone.remove(self.place(task) / "clone")
                self._write(task)
        return again

    def clear(self, names: list[str], states: tuple[State, ...] = ENDED) -> list[Task]:
        """Forget tasks that are not running: those named, or all in one of `states`."""
        chosen = [self.find(name) for name in names] if names else self._ended(*states)
        for task in chosen:
            if task.state == "running":
                raise ProjectError(f"{task.name} is running", hint=f"tiles exp stop {task.name}")
        for task in chosen:
            self._end_orphan(task)
        from tilecli.experiments import clone

        with self._locked():
            kept = git(self.project.root, "for-each-ref", "--format=%(refname)", _REFS).split()
            gone = "".join(f"delete {ref}\n" for task in chosen if (ref := f"{_REFS}/{task.id}") in kept)
            git(self.project.root, "update-ref", "--stdin", given=gone)
            for task in chosen:
                clone.remove(self.place(task) / "clone")
                shutil.rmtree(self.place(task), ignore_errors=True)
        return chosen

    def stop(self, names: list[str]) -> list[Task]:
        """Ask running tasks to stop and take queued ones back, so that no worker starts them; returns which."""
        chosen = [self.find(name) for name in names]
        with self._locked():
            for task in chosen:
                if task.state == "running":
                    (self.place(task) / "stop").touch()
                elif task.state == "queued":
                    self._write(replace(task, state="stopped", ended=time.time()))
        return [task for task in chosen if task.state in ("running", "queued")]

    def stop_wanted(self, task: Task) -> bool:
        """Whether someone asked this task to stop."""
        return (self.place(task) / "stop").exists()

    def progress(self, task: Task) -> dict[str, Any]:
        """What its worker last wrote down (stage, epoch, epochs, until, valid_dice …); empty where it has not begun."""
        return reporter.status(self.place(task) / "status.json")

    def place(self, task: Task) -> Path:
        """The task's folder: task.json, status.json, output.log, run.lock and, while it is needed, clone/."""
        return self.folder / str(task.id)

    @contextlib.contextmanager
    def holding(self, task: Task) -> Iterator[int]:
        """Hold the task's lock; yields its file descriptor, for a child process that shall hold it too."""
        with files.locked(self.place(task) / "run.lock") as descriptor:
            yield descriptor

    def is_held(self, task: Task) -> bool:
        """Whether its worker, or the DVC process that one started, is alive."""
        return self._is_locked(self.place(task) / "run.lock")

    def note_process(self, task: Task, pid: int) -> None:
        """Write down the DVC process that shares the task's lock; it leads a process group of its own."""
        files.write_text(self.place(task) / "dvc.pid", f"{pid}\n")

    @contextlib.contextmanager
    def at_work(self, worker: str, facts: Mapping[str, Any]) -> Iterator[None]:
        """Be counted as a worker for the length of the block."""
        path = self._worker(worker, "lock")
        with files.locked(path):
            files.write_json(self._worker(worker, "json"), {"worker": worker, "pid": os.getpid(), **facts})
            try:
                yield
            finally:
                for name in ("json", "stop"):
                    self._worker(worker, name).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def workers(self) -> list[dict[str, Any]]:
        """The workers that are alive: `worker`, `pid` and what they said of themselves."""
        alive = []
        for path in sorted((self.folder / "workers").glob("*.json")):
            if self._is_locked(path.with_suffix(".lock")):
                with contextlib.suppress(OSError, ValueError):
                    alive.append(json.loads(path.read_text(encoding="utf-8")))
        return alive

    def dismiss(self, worker: str) -> None:
        """Ask a worker to go once its task has ended."""
        self._worker(worker, "stop").touch()

    def dismissed(self, worker: str) -> bool:
        """Whether someone asked this worker to go."""
        return self._worker(worker, "stop").exists()

    def log(self, worker: str) -> Path:
        """What a worker itself says."""
        return self._worker(worker, "log")

    def _worker(self, worker: str, suffix: str) -> Path:
        return self.folder / "workers" / f"{worker}.{suffix}"

    def _ended(self, *states: State) -> list[Task]:
        return [task for task in self.tasks() if task.state in states]

    def _end_orphan(self, task: Task) -> None:
        """End a DVC process whose worker is gone. That the lock is held says it is the one whose id was noted."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if task.state == "running" or not self.is_held(task):
                return
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int((self.place(task) / "dvc.pid").read_text(encoding="utf-8")), number)
            until = time.monotonic() + _PATIENCE_S
            while self.is_held(task) and time.monotonic() < until:
                time.sleep(0.1)
        if self.is_held(task):
            raise ProjectError(f"an earlier attempt of {task.name} does not end", where=str(self.place(task)))

    def _as_it_is(self, task: Task) -> Task:
        """A running task whose worker is gone has failed, whatever its file says."""
        if task.state != "running" or (task.worker and self._is_locked(self._worker(task.worker, "lock"))):
            return task
        what = f"its worker {task.worker} ended without a word (killed, or the machine went down)"
        hint = f"tiles exp retry {task.name} goes on from the last epoch"
        return replace(task, state="failed", error={"message": what, "where": str(self.place(task)), "hint": hint})

    def _write(self, task: Task) -> None:
        files.write_json(self.place(task) / "task.json", asdict(task))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with files.locked(self.folder / "queue.lock"):
            yield

    @staticmethod
    def _is_locked(path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _read(path: Path) -> Task:
    values = json.loads(path.read_text(encoding="utf-8"))
    known = {entry.name for entry in fields(Task)}
    task = Task(**{key: value for key, value in values.items() if key in known})
    return replace(task, overrides=tuple(task.overrides), targets=tuple(task.targets))
