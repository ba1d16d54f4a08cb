"""The other exposures of a photo's spot, and how they lie over it: so that one mask can serve all of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tilecli.data.catalog import Photo, read_index
from tilecli.data.manifest import read_manifest
from tilecli.data.photos import Held
from tilecli.data.siblings import find_siblings
from tilecli.labelling.choose import task_of
from tilecli.labelling.task import Task
from tilecli.layout import Project


@dataclass(frozen=True)
class Exposure:
    """Another photo of a spot: what is at (x, y) of the first is at (x + right, y + down) of this one, px."""

    task: Task
    right: int
    down: int


class Spots:
    """Finds the exposures of photos by the tiles of the split; registers each tile once, when it is asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._tile: dict[str, str] = {}
        self._subset: dict[str, str] = {}
        self._members: dict[str, list[Photo]] = {}
        self._found: dict[str, dict[str, list[Exposure]]] = {}
        self.reload()

    def reload(self) -> None:
        """Read index and split again."""
        rows = read_manifest(self._project.split) if self._project.split.is_file() else []
        self._tile = {row.photo: row.tile for row in rows}
        self._subset = {row.photo: row.subset for row in rows}
        self._members = {}
        for photo in read_index(self._project.index):
            if photo.photo in self._tile:
                self._members.setdefault(self._tile[photo.photo], []).append(photo)
        self._found = {}

    def subset(self, photo: str) -> str:
        """train, valid or test; empty where the split does not have the photo."""
        return self._subset.get(photo, "")

    def of(self, photo: str) -> list[Exposure]:
        """The other photos of its tile that register with it; none for a photo that is not in the split.

        Raises DataError where a photo of the tile cannot be read.
        """
        tile = self._tile.get(photo)
        members = self._members.get(tile or "", [])
        if tile is None or len(members) < 2:
            return []
        with self._lock:
            if tile not in self._found:
                self._found[tile] = self._register(tile, members)
            return self._found[tile].get(photo, [])

    def _register(self, tile: str, members: list[Photo]) -> dict[str, list[Exposure]]:
        tasks = [task_of(self._project, photo) for photo in members]
        held = []
        for task in tasks:
            mask = task.label(self._project)
            held.append(Held(task.name, tile, task.photo.defect, task.pixels(1), mask, mask))
        return {
            task.name: sorted(
                (Exposure(tasks[sibling.index], sibling.right, sibling.down) for sibling in siblings),
                key=lambda exposure: (exposure.task.photo.exposure, exposure.task.name),
            )
            for task, siblings in zip(tasks, find_siblings(held), strict=True)
        }
