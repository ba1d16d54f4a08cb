"""What the page works on: the photos in their order, their masks, drafts and exposures. Knows nothing of HTTP."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tilecli import progress
from tilecli.data.catalog import read_index
from tilecli.data.names import DEFECT, defect_type, good_types
from tilecli.data.preprocess import Uint8
from tilecli.errors import DataError
from tilecli.labelling import drafts as kept
from tilecli.labelling.choose import task_of
from tilecli.labelling.drafts import Draft, Drafts
from tilecli.labelling.exposures import Spots
from tilecli.labelling.guess import Guesses
from tilecli.labelling.recorded import task_from
from tilecli.labelling.task import Task
from tilecli.layout import GOOD, Project


class Desk:
    """Photos to look at and what was made of them. May be used from several threads at once."""

    def __init__(self, project: Project, tasks: Sequence[Task], by: str) -> None:
        """tasks: in the order of the page; photos with a draft of an earlier time follow them. by: who labels."""
        self.project, self.by = project, by
        self.drafts = Drafts(project)
        self.spots = Spots(project)
        self.lock = threading.RLock()  # whoever changes drafts, or makes a batch of them, holds it
        self.settled: dict[str, Draft] = {}  # what a batch of this sitting was made of
        self._guesses = Guesses(project)
        self._tasks = {task.name: task for task in tasks}
        self._dataset: dict[str, Task] = {}
        self.reload()
        for draft in self.drafts:
            task = self._tasks.get(draft.photo) or self._of_draft(draft)
            if task is not None:
                self._tasks.setdefault(draft.photo, task)

    @property
    def names(self) -> list[str]:
        """The photos to look at, in their order."""
        return list(self._tasks)

    def reload(self) -> None:
        """Read the dataset again: a batch has changed it."""
        photos = read_index(self.project.index)
        self._dataset = {photo.photo: task_of(self.project, photo) for photo in photos}
        for name, task in list(self._tasks.items()):
            now = self._dataset.get(name)
            if now is not None:
                self._tasks[name] = replace(now, why=task.why, box=task.box)
        self.spots.reload()

    def task(self, name: str) -> Task:
        """The photo of that name, to look at or an exposure of one; KeyError where there is none."""
        return self._tasks.get(name) or self._dataset[name]

    def types(self) -> list[str]:
        """Defect types of the dataset and of the drafts, by name."""
        there = {task.photo.defect for task in self._dataset.values()} | {draft.defect for draft in self.drafts}
        return sorted(there - {GOOD, DEFECT}) or [DEFECT]

    def mask(self, name: str, *, label: bool = False) -> Uint8:
        """H×W mask of 0 and 1 as it stands: the draft's, else the dataset's, else what the model says of a new photo.

        label: pass the draft over. KeyError, DataError and ModelError as below.
        """
        task = self.task(name)
        draft = None if label else self.drafts.get(name)
        if draft is not None and draft.mask.shape == task.shape:
            return draft.mask
        return task.label(self.project) if task.known else self._guesses.mask(task)

    def put(self, name: str, action: kept.Action, defect: str, mask: Uint8, reason: str = "") -> None:
        """Keep what somebody made of a photo. KeyError for an unknown one, DataError for what cannot be."""
        task = self.task(name)
        if mask.shape != task.shape:
            size = f"{mask.shape[1]}×{mask.shape[0]} px, the photo {task.photo.width}×{task.photo.height}"
            raise DataError(f"the mask of {name} is {size}", where=name)
        tidy = defect_type(defect, good_types(())) if defect else ""
        if not tidy:
            raise DataError("a photo needs a type", where=name, hint="good, or a type of defect")
        if tidy == GOOD and action == "label" and mask.any():
            raise DataError("a good photo has no mask", where=name, hint="clear the mask, or give a type of defect")
        image = "" if task.known else str(task.image)
        with self.lock:
            self.settled.pop(name, None)
            self.drafts.put(Draft(name, action, tidy, mask, reason, kept.now(), image))

    def drop(self, name: str) -> None:
        """Take back what was made of a photo. KeyError for an unknown one."""
        self.task(name)
        with self.lock:
            self.drafts.drop(name)
            settled = self.settled.get(name)
            if settled is not None and settled.action == "reject":
                del self.settled[name]

    def state(self, task: Task) -> str:
        """todo, changed, same (looked at and left as it is), new, rejected or saved."""
        draft = self.drafts.get(task.name)
        if draft is None and task.name in self.settled:
            return "rejected" if self.settled[task.name].action == "reject" else "saved"
        if draft is None:
            return "todo"
        if draft.action == "reject":
            return "rejected"
        if not task.known:
            return "new"
        same = draft.defect == task.photo.defect and np.array_equal(draft.mask, task.label(self.project))
        return "same" if same else "changed"

    def facts(self, name: str) -> dict[str, Any]:
        """What the page says of a photo. KeyError for an unknown one."""
        task = self.task(name)
        draft = self.drafts.get(name)
        decided = draft or self.settled.get(name)
        photo = task.photo
        return {
            "name": name,
            "defect": draft.defect if draft else photo.defect,
            "label": photo.defect if task.known else None,
            "width": photo.width,
            "height": photo.height,
            "exposure": photo.exposure,
            "source": photo.source,
            "subset": self.spots.subset(name),
            "why": task.why,
            "box": list(task.box) if task.box else None,
            "reason": decided.reason if decided else "",
            "state": self.state(task),
        }

    def exposures(self, name: str) -> list[dict[str, Any]]:
        """Facts of the other exposures of the photo's spot, with `right` and `down`, px; see `Exposure`."""
        self.task(name)
        return [
            {**self.facts(other.task.name), "right": other.right, "down": other.down} for other in self.spots.of(name)
        ]

    def counts(self) -> dict[str, int]:
        """How many of the photos to look at are in which state."""
        return dict(Counter(self.state(task) for task in self._tasks.values()))

    def _of_draft(self, draft: Draft) -> Task | None:
        if draft.photo in self._dataset:
            return replace(self._dataset[draft.photo], why="You worked on it before.")
        try:
            task = task_from(Path(draft.image)) if draft.image else None
        except DataError as error:
            progress.note(f"the draft of {draft.photo} stays where it is: {error}")
            return None
        return replace(task, why="You worked on it before.") if task and task.name == draft.photo else None
