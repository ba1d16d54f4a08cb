"""What there is to compare, kept while the server runs: what has not changed is not read again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tilecli.experiments import remarks, store
from tilecli.experiments.queue.tasks import Queue
from tilecli.experiments.queue.waiting import waiting
from tilecli.experiments.reading.cache import Remembering
from tilecli.experiments.reading.reader import cache_file
from tilecli.experiments.reading.sameness import fingerprint
from tilecli.experiments.remarks import Remark
from tilecli.experiments.store import History
from tilecli.layout import Project

_PROJECTS = 4  # remembered at a time; a server has one


@dataclass(frozen=True, eq=False)
class Look:
    """Everything that was tried, as it stood at one moment. The same object comes again while nothing has changed."""

    history: History
    remarks: dict[str, Remark]  # commit SHA →
    progress: dict[tuple[str, str], dict[str, Any]]  # (commit it starts from, name) of a running task → see Queue
    made: dict[str, Any] = field(default_factory=dict)  # what a view has made of it and would make again


def look(project: Project) -> Look:
    """What there is now. Raises ProjectError where git cannot read the repository."""
    return _eye(project).look()


@lru_cache(maxsize=_PROJECTS)
def _eye(project: Project) -> _Eye:
    return _Eye(project)


class _Eye:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()  # several pages ask at once for the same
        self._cache = Remembering(cache_file(project))
        self._known: tuple[str, Look] | None = None

    def look(self) -> Look:
        with self._lock:
            # Before reading, so that what changes meanwhile is read again next time.
            stamp = fingerprint(self._project)
            if stamp is not None and self._known is not None and self._known[0] == stamp:
                return self._known[1]
            found = self._read()
            self._known = (stamp, found) if stamp is not None else None
            return found

    def _read(self) -> Look:
        project = self._project
        history = store.history(project, extra=waiting(project), cache=self._cache)
        queue = Queue(project)
        running = [task for task in queue.tasks() if task.state == "running"]
        progress = {(task.base, task.name): queue.progress(task) for task in running}
        return Look(history, remarks.of_all(project), progress)
