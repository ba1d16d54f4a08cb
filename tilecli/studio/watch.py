"""What has changed in a project since somebody looked, found by the times of files alone: it is asked every second."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from tilecli.experiments.project import git
from tilecli.layout import Project

Topic = Literal["experiments", "queue", "data", "models", "history"]
State = dict[Topic, int]  # a number for each topic, which differs once something has changed


class Watch:
    """The files that the pages are read from."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._git = (project.root / git(project.root, "rev-parse", "--git-common-dir")).resolve()

    def state(self) -> State:
        """What there is now. Costs a look at some dozens of files and folders, whatever the number of experiments."""
        project = self._project
        refs = self._refs()
        queue = _stamp(self._queue())
        return {
            "experiments": hash((refs("exps", "heads", "notes"), queue, _stamp(self._workspace()))),
            "queue": queue,
            "data": hash((refs("heads", "tags"), _stamp(self._data()))),
            "models": hash((refs("tags"), _stamp([project.report / "gate.json"]))),
            "history": refs("heads", "tags", "exps"),
        }

    def _refs(self) -> _Refs:
        return _Refs(self._git)

    def _workspace(self) -> Iterator[Path]:
        project = self._project
        yield from (project.params, project.lock, project.training_metrics, project.valid_dice, project.metrics)
        yield from self._git.glob("logs/refs/exps/*")  # DVC's own queue
        # The epochs of what runs in folders of its own.
        yield from self._project.scratch.glob("queue/*/status.json")

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

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *kinds: str) -> int:
        always = [self._folder / "HEAD", self._folder / "packed-refs"]
        return _stamp([*always, *(found for kind in kinds for found in _folders(self._folder / "refs" / kind))])


def _folders(top: Path) -> Iterator[Path]:
    yield top
    try:
        with os.scandir(top) as entries:
            inner = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for folder in inner:
        yield from _folders(Path(folder))


def _stamp(paths: Iterable[Path]) -> int:
    return hash(tuple((str(path), *_times(path)) for path in sorted(paths)))


def _times(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size
