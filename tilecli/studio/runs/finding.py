"""What a name in an address stands for: the workspace, an experiment, a task that waits or runs, a commit."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tilecli.errors import ProjectError, near_matches
from tilecli.experiments import reporter, store
from tilecli.experiments.naming import WORKSPACE
from tilecli.experiments.project import git
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.queue.waiting import waiting
from tilecli.experiments.reading import dvcqueue, objects
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.studio.watch import Watch


@dataclass(frozen=True)
class Run:
    """One run, and where its files are while they are being written."""

    record: Record
    at: Project | None = None  # the workspace, or a task's clone; None: its commit alone has them
    place: Path | None = None  # folder of status.json and output.log
    task: Task | None = None
    since: float | None = None  # files of `at` that are older belong to what it started from
    pid: int | None = None  # leads the process group of the run, where it runs

    @property
    def name(self) -> str:
        """As it was asked for."""
        return self.record.name

    @property
    def status(self) -> dict[str, Any]:
        """What whoever runs it last wrote down."""
        return reporter.status(self.place / "status.json") if self.place else {}

    @property
    def is_running(self) -> bool:
        """Whether something of it may change at any moment."""
        return self.record.state == "running"


class Runs:
    """`find` that remembers: a page of photos asks a hundred times for one run."""

    def __init__(self, project: Project, watch: Watch) -> None:
        self._project, self._watch = project, watch
        self._known: dict[str, Run] = {}
        self._state: Any = None
        self._lock = threading.Lock()

    def find(self, name: str) -> Run:
        """As `find`, as long as nothing has changed that a page is read from."""
        state = self._watch.state()
        with self._lock:
            if state != self._state:
                self._known, self._state = {}, state
            if name not in self._known:
                self._known[name] = find(self._project, name)
            return self._known[name]


def find(project: Project, name: str) -> Run:
    """The run called `name`. ProjectError, with near matches, where there is none."""
    if name == WORKSPACE:
        return _workspace(project)
    tried = store.experiment(project, name)
    if tried is not None:
        queue = Queue(project)
        # What the queue made keeps its words until the task is cleared away.
        done = next((task for task in queue.tasks() if task.rev and task.rev == tried.rev), None)
        return Run(tried, place=queue.place(done) if done else None)
    return _queued(project, name) or _of_dvc(project, name) or _commit(project, name)


def _workspace(project: Project) -> Run:
    said = reporter.status(project.live / "status.json")
    record = store.workspace(project)
    if not reporter.is_at_work(said):
        return Run(record, project, project.live)
    record = store.under_way(project, replace(record, state="running"), project.root)
    # Until its first epoch, a training leaves what an earlier one wrote.
    since = said.get("began") if said.get("stage") == "train" else None
    return Run(record, project, project.live, since=since, pid=said["pid"])


def _queued(project: Project, name: str) -> Run | None:
    queue = Queue(project)
    tasks = [task for task in queue.tasks() if task.name == name and task.state != "done"]
    if not tasks:
        return None
    task = tasks[-1]
    record = next(one for one in reversed(waiting(project)) if one.name == name)
    place = queue.place(task)
    prefix = git(project.root, "rev-parse", "--show-prefix")
    inside = Project(place / "clone" / prefix, project.root)
    pid = None
    if task.state == "running":
        with contextlib.suppress(OSError, ValueError):
            pid = int((place / "dvc.pid").read_text(encoding="utf-8"))
    # Only a training that has begun leaves this; until then the files are those of the commit it starts from.
    begun = (inside.checkpoints / "last.ckpt").is_file()
    if not begun:
        return Run(record, None, place, task, pid=pid)
    return Run(store.under_way(project, record, inside.root), inside, place, task, pid=pid)


def _of_dvc(project: Project, name: str) -> Run | None:
    """What `tiles train` runs in the workspace under a name, and what DVC's own queue runs."""
    refs = dict(objects.refs(project.root, "refs/exps"))
    prefix = objects.place(project.root).prefix
    task = next((task for task in dvcqueue.tasks(project, prefix, refs) if task.name == name), None)
    if task is None:
        return None
    known = store.history(project)
    record = next(one for one in known.experiments if one.name == name and one.state == task.state)
    if task.folder is None or task.state != "running":
        return Run(record)
    here = task.folder == project.root
    said = reporter.status(project.live / "status.json") if here else {}
    pid = said["pid"] if reporter.is_at_work(said) else None
    return Run(record, Project(task.folder), project.live if here else None, since=task.since, pid=pid)


def _commit(project: Project, name: str) -> Run:
    wanted = f"{name}^{{commit}}"
    if not name.startswith("-") and git(project.root, "rev-parse", "--verify", "--quiet", wanted, check=False):
        return Run(store.commit(project, name))
    names = [ref.split("/", 4)[4] for ref, _ in objects.refs(project.root, "refs/exps") if ref.count("/") >= 4]
    names += [task.name for task in Queue(project).tasks()]
    hint = near_matches(name, [WORKSPACE, *names]) or "the page of experiments lists them"
    raise ProjectError(f"there is no experiment, task or commit '{name}'", hint=hint)
