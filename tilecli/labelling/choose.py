"""Which photos the page shows, and why: named ones, those of a batch, the audit's, the model's least certain ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from tilecli import progress
from tilecli.audit.finding import KINDS, REPORT
from tilecli.data import classlist
from tilecli.data.catalog import Photo, read_index
from tilecli.errors import DataError, ProjectError, UsageError, near_matches
from tilecli.labelling.recorded import recorded
from tilecli.labelling.task import Task
from tilecli.layout import Project

# Kinds of the audit's findings that a mask or a type mends; a split or another photo mends the others.
MENDED = tuple(name for name, kind in KINDS.items() if kind.by_label)


def choose(project: Project, source: str | None, words: Sequence[str], limit: int) -> list[Task]:
    """The photos to look at, at most `limit`, the most urgent first.

    source: None (`words` are photos), audit (kinds of finding, all that a label mends without any), record (folders),
    uncertain (no words) or batch (names). Raises UsageError for words that say nothing, ProjectError or DataError
    where there is nothing to read.
    """
    if source is None:
        return _of_one_type(project, named(project, words)[:limit], named=True)
    choosers: dict[str, Callable[[Project, Sequence[str]], Iterable[Task]]] = {
        "audit": audited,
        "record": recorded,
        "uncertain": uncertain,
        "batch": of_batches,
    }
    if source not in choosers:
        known = list(choosers)
        hint = near_matches(source, known) or f"one of {', '.join(known)}"
        raise UsageError(f"photos cannot be taken from '{source}'", where="--from", hint=hint)
    return _of_one_type(project, list(islice(choosers[source](project, words), limit)), named=False)


def named(project: Project, names: Sequence[str]) -> list[Task]:
    """Photos of the dataset by name. UsageError for one that it does not have."""
    photos = {photo.photo: photo for photo in read_index(project.index)}
    for name in names:
        if name not in photos:
            raise UsageError(f"the dataset has no photo '{name}'", hint=near_matches(name, list(photos)))
    return [task_of(project, photos[name]) for name in dict.fromkeys(names)]


def audited(project: Project, kinds: Sequence[str]) -> list[Task]:
    """Photos that `tiles data audit` found something about, in its order, each with all that it found.

    Raises ProjectError where there is no report, DataError for one that is damaged.
    """
    path = project.audit / REPORT
    if not path.is_file():
        raise ProjectError("there is no audit yet", where=str(path), hint="tiles data audit")
    try:
        findings: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["findings"]
        there = sorted({str(finding["kind"]) for finding in findings})
        wanted = list(kinds) or MENDED
        _check_kinds(kinds, there)
        found: dict[str, list[dict[str, Any]]] = {}
        for finding in findings:
            if finding["kind"] in wanted and finding.get("photo"):
                found.setdefault(str(finding["photo"]), []).append(finding)
        photos = {photo.photo: photo for photo in read_index(project.index)}
        return [
            task_of(
                project,
                photos[name],
                " ".join(str(finding["why"]) for finding in several),
                next((_box(finding["box"]) for finding in several if finding.get("box")), None),
            )
            for name, several in found.items()
            if name in photos
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the audit's report cannot be read: {error!r}", where=str(path), hint="tiles data audit"
        ) from error


def uncertain(project: Project, words: Sequence[str]) -> list[Task]:
    """Evaluated photos whose score is nearest to the verdict's threshold, those first.

    Raises DataError where nothing is evaluated, ModelError where there is no bundle.
    """
    from tilecli.evaluation.records import read_records
    from tilecli.inference.bundle import read_bundle

    if words:
        raise UsageError(f"'{words[0]}' says nothing here", where="--from uncertain", hint="--limit N bounds how many")
    records = read_records(project.per_image)
    threshold = read_bundle(project.bundle).verdict_threshold
    photos = {photo.photo: photo for photo in read_index(project.index)}
    near = sorted(records, key=lambda record: abs(record.score - threshold))
    return [
        task_of(
            project,
            photos[record.photo],
            f"The model's score is {record.score:.3f}; from {threshold:.3f} on it says defect.",
        )
        for record in near
        if record.photo in photos
    ]


def of_batches(project: Project, names: Sequence[str]) -> list[Task]:
    """The photos of batches, as the dataset has them."""
    from tilecli.data.batch import INDEX
    from tilecli.versions import batches

    if not names:
        hint = (
            f"one of {', '.join(batches.names(project))}" if batches.names(project) else "tiles data add DIR --name …"
        )
        raise UsageError("no batch is named", where="--from batch", hint=hint)
    photos = {photo.photo: photo for photo in read_index(project.index)}
    for name in names:
        batches.require(project, name)
    return [
        task_of(project, photos[photo.photo], f"In the batch {name}.")
        for name in names
        for photo in read_index(project.batches / name / INDEX)
        if photo.photo in photos
    ]


def task_of(project: Project, photo: Photo, why: str = "", box: tuple[int, int, int, int] | None = None) -> Task:
    """A photo of the dataset as a task."""
    return Task(photo, project.dataset / photo.image, known=True, why=why, box=box)


def _of_one_type(project: Project, tasks: Sequence[Task], *, named: bool) -> list[Task]:
    """Those whose mask shows one type of defect: the page paints no more. DataError for others that were `named`."""
    classes = classlist.read_classes(project.dataset / classlist.FILE)
    several = [task.photo.photo for task in tasks if classes and _shows_several(project, task, classes)]
    if several and named:
        raise DataError(
            f"{several[0]} shows several types of defects, and the page paints one per photo",
            hint="correct its mask where it comes from, then: tiles fetch",
        )
    if several:
        progress.warn(
            f"{len(several)} photos show several types of defects and are left out, the first is {several[0]}"
        )
    return [task for task in tasks if task.photo.photo not in several]


def _shows_several(project: Project, task: Task, classes: Sequence[str]) -> bool:
    if not (task.known and task.photo.mask):
        return False
    mask = (project.dataset / task.photo.mask).read_bytes()
    return bool(classlist.used_numbers(classlist.read_numbers(mask, task.photo.mask), classes))


def _check_kinds(kinds: Sequence[str], there: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in there:
            hint = near_matches(kind, list(there)) or f"it has {', '.join(there) or 'no findings'}"
            raise UsageError(f"the audit has no finding of the kind '{kind}'", where="--from audit", hint=hint)


def _box(values: Sequence[float]) -> tuple[int, int, int, int]:
    x, y, width, height = (int(value) for value in values)
    return x, y, width, height
