"""What has changed in a project since somebody looked, found by the times of files alone: it is asked every second."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from tilecli.experiments.project import git
from tilecli.layout import Project

Topic = Literal["experiments", "queue", "data", "models", "history"]
_TICK_NS = 2 * 10**9  # no file system's clock is coarser
State = dict[Topic, int]  # a number for each topic, which differs once something has changed


class Watch:
    """The files that the pages are read from."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._git = (project.root / git(project.root, "rev-parse", "--git-common-dir")).resolve()
        self._folders = _Folders()

    def state(self) -> State:
        """What there is now. Costs a look at some dozens of files and folders, whatever the number of experiments."""
        project = self._project
        refs = _Refs(self._git, self._folders)
        queue = _stamp(self._queue())
        return {
            "experiments": hash((refs("exps", "heads", "notes"), queue, _stamp(self._workspace()), self._epochs())),
            "queue": queue,
            "data": hash((refs("heads", "tags"), _stamp(self._data()))),
            "models": hash((refs("tags"), _stamp([project.report / "gate.json"]))),
            "history": refs("heads", "tags", "exps"),
        }

    def _workspace(self) -> Iterator[Path]:
        project = self._project
        yield from (project.params, project.lock, project.training_metrics, project.valid_dice, project.metrics)
        yield from self._git.glob("logs/refs/exps/*")  # DVC's own queue

    def _epochs(self) -> tuple[str, ...]:
        """How far what runs is. Its files change with every batch, what is shown of it with every epoch."""
        found = []
        for path in (self._project.live / "status.json", *sorted(self._project.scratch.glob("queue/*/status.json"))):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                said = json.loads(path.read_text(encoding="utf-8"))
                found.append(f"{path.parent.name} {said.get('stage')} {said.get('epoch')}")
        return tuple(found)

    def _queue(self) -> Iterator[Path]:
        folder = self._project.scratch / "queue"
        yield from (folder, folder / "workers")
        for name in ("task.json", "stop"):
            yield from folder.glob(f"*/{name}")

    def _data(self) -> Iterator[Path]:
        project = self._project
        yield from (project.params, project.lock, project.index, project.split, project.audit / "report.json")
        yield from (project.batches, project.audit_ignored)


class _Refs:
    """When git's refs last changed. A ref that changes is renamed into its folder, so the folders' times tell."""

    def __init__(self, folder: Path, folders: _Folders) -> None:
        self._folder, self._folders = folder, folders
        self._always = _stamp([folder / "HEAD", folder / "packed-refs"])
        self._known: dict[str, int] = {}

    def __call__(self, *kinds: str) -> int:
        for kind in kinds:
            if kind not in self._known:
                self._known[kind] = _stamp(self._folders(self._folder / "refs" / kind))
        return hash((self._always, *(self._known[kind] for kind in kinds)))


class _Folders:
    """The folders below a folder. A thousand experiments are as many files in one: listed once it has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, list[Path]]] = {}  # when it last changed, what is in it

    def __call__(self, top: Path) -> Iterator[Path]:
        yield top
        changed, _ = _times(top)
        known = self._known.get(top)
        if known is not None and known[0] == changed:
            inner = known[1]
        else:
            inner = _inside(top)
            # What changes again within a tick of the file system's clock keeps its time.
            if time.time_ns() - changed > _TICK_NS:
                self._known[top] = (changed, inner)
        for folder in inner:
            yield from self(folder)


def _inside(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _stamp(paths: Iterable[Path]) -> int:
    return hash(tuple((str(path), *_times(path)) for path in paths))


def _times(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size
