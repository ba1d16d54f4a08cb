"""Drafts become a batch: which ones count, what must be right before, and what is said of each photo afterwards."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from tilecli.data.catalog import encode_mask
from tilecli.data.names import DEFECT
from tilecli.errors import DataError
from tilecli.labelling.desk import Desk
from tilecli.labelling.drafts import Draft
from tilecli.labelling.task import Task
from tilecli.layout import GOOD
from tilecli.versions.batches import Item, names, write_batch

ORIGIN = "tiles data label"
# What batch.json says of a photo, by its draft's state.
_WORDS = {"changed": "corrected", "new": "added", "same": "confirmed", "rejected": "rejected"}


@dataclass
class Finished:
    """The drafts, told apart."""

    items: list[Item] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    photos: dict[str, dict[str, str]] = field(default_factory=dict)  # for batch.json
    wrong: list[str] = field(default_factory=list)  # sentences; no batch before they are mended

    @property
    def counts(self) -> dict[str, int]:
        """How many photos are corrected, added, confirmed, rejected."""
        found = Counter(facts["action"] for facts in self.photos.values())
        return {word: found[word] for word in _WORDS.values()}


def suggested_name(desk: Desk) -> str:
    """A name for the next batch that none has."""
    day = f"labels-{time.strftime('%Y-%m-%d')}"
    taken = set(names(desk.project))
    return next(name for name in (day, *(f"{day}-{number}" for number in range(2, 10**6))) if name not in taken)


def collect(desk: Desk) -> Finished:
    """What a batch of all drafts would hold."""
    done = Finished()
    for draft in desk.drafts:
        try:
            task = desk.task(draft.photo)
        except KeyError:  # its photo has left the dataset, or its file is gone
            continue
        action = _WORDS[desk.state(task)]
        done.drafts.append(draft)
        done.photos[draft.photo] = {"action": action, "defect": draft.defect, "at": draft.at}
        if action == "rejected":
            done.photos[draft.photo]["reason"] = draft.reason
        elif action in ("corrected", "added"):
            _take(done, task, draft)
    if desk.types() != [DEFECT]:
        unnamed = [item.photo.photo for item in done.items if item.photo.defect == DEFECT]
        done.wrong += [f"{photo} has no type of defect yet" for photo in unnamed]
    return done


def save(desk: Desk, name: str, *, by: str, note: str = "") -> dict[str, Any]:
    """Make a batch of the drafts and let them go; the dataset has their masks and types from then on.

    Raises DataError where nothing differs from the labels, or something cannot be so, and whatever `write_batch`
    raises. Then all drafts are still there.
    """
    with desk.lock:
        done = collect(desk)
        if done.wrong:
            raise DataError(
                "; ".join(done.wrong[:3]), hint="give them a mask and a type, call them good, or reject them"
            )
        if not done.items:
            raise DataError("there is nothing to save: no mask and no type differs from its label")
        write_batch(desk.project, name, done.items, by=by, note=note, origin=ORIGIN, relabels=True, photos=done.photos)
        for draft in done.drafts:
            desk.drafts.drop(draft.photo)
            desk.settled[draft.photo] = draft
        desk.reload()
    new = done.counts["added"] > 0
    commands = ["tiles data diff", *(["tiles split"] if new else []), f'tiles data commit -m "Labels: {name}"']
    return {"name": name, "photos": len(done.items), "counts": done.counts, "next": commands}


def _take(done: Finished, task: Task, draft: Draft) -> None:
    if draft.defect != GOOD and not draft.mask.any():
        done.wrong.append(f"{draft.photo} is '{draft.defect}', and its mask is empty")
    mask = None if draft.defect == GOOD else encode_mask(draft.mask)
    done.items.append(Item(replace(task.photo, defect=draft.defect), task.image, mask))
