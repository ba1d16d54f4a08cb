"""Photos that `tiles serve --record` kept, as tasks: the ones the model was least sure of first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tilecli import progress
from tilecli.data.catalog import Photo, read_index
from tilecli.data.names import DEFECT, is_photo_name
from tilecli.data.preprocess import read_photo
from tilecli.errors import DataError, UsageError
from tilecli.labelling.task import Task
from tilecli.layout import GOOD, Project

SOURCE = "record"  # the index's column, until a batch gives its own name
_TOGETHER = 100  # photos that are compared with the dataset at once
_HALF = 0.5  # where no bundle says from which score on a photo is defective


def recorded(project: Project, folders: Sequence[str]) -> Iterator[Task]:
    """Photos in these folders that the dataset does not have yet, under any name; read as they are asked for.

    A photo that cannot be read is named and passed over; why a photo is shown also says whose tile it is of. Raises
    UsageError without a folder, DataError where one has no photos.
    """
    if not folders:
        raise UsageError("no folder is named", where="--from record", hint="the folder given to tiles serve --record")
    taken = {photo.photo for photo in read_index(project.index)}
    threshold = _threshold(project)
    found: list[tuple[float, Path, dict[str, Any]]] = []
    for text in folders:
        folder = Path(text).expanduser().absolute()
        if not folder.is_dir():
            raise DataError("there is no such folder", where=str(folder))
        there = [path for path in sorted(folder.iterdir()) if is_photo_name(path.name)]
        if not there:
            raise DataError("there are no photos in this folder", where=str(folder), hint="tiles serve --record DIR")
        facts = [(path, _facts(path)) for path in there if name_of(path) not in taken]
        found += [(_doubt(said, threshold), path, said) for path, said in facts]
    ordered = sorted(found, key=lambda entry: (entry[0], entry[1]))
    for start in range(0, len(ordered), _TOGETHER):
        yield from _new(project, [(path, said) for _, path, said in ordered[start : start + _TOGETHER]])


def _new(project: Project, found: Sequence[tuple[Path, dict[str, Any]]]) -> Iterator[Task]:
    """Those of the photos that the dataset does not have, as the same file or pixel for pixel."""
    tasks: list[Task] = []
    for path, said in found:
        try:
            tasks.append(_task(path, said))
        except DataError as error:
            progress.note(f"left out: {error}")
    if not tasks:
        return
    from tilecli.versions import known

    there = read_index(project.index)
    compared = known.find(project, Path(), [replace(task.photo, image=str(task.image)) for task in tasks], there)
    copies = {pair.photo: pair for pair in compared.pairs}
    near = {pair.photo: pair for pair in compared.near}
    for task in tasks:
        if task.name in copies:
            progress.note(f"left out: {task.image.name} is {copies[task.name].known}, {copies[task.name].why}")
        elif task.name in near:
            yield replace(task, why=f"{task.why} Of the tile of {near[task.name].known}.")
        else:
            yield task


def task_from(path: Path) -> Task:
    """One file as a task; DataError where it cannot be read."""
    return _task(path, _facts(path))


def name_of(path: Path) -> str:
    """A name for the dataset: recordings have dots in theirs, where endings are told by the dot."""
    return path.stem.replace(".", "-")


def _task(path: Path, said: dict[str, Any]) -> Task:
    height, width = read_photo(path, 1).shape[:2]
    name = name_of(path)
    verdict = said.get("verdict")
    defect = GOOD if verdict == GOOD else DEFECT
    photo = Photo(name, f"images/{name}{path.suffix.lower()}", "", defect, SOURCE, "", width, height)
    return Task(photo, path, known=False, why=_why(said))


def _why(said: dict[str, Any]) -> str:
    score = _score(said)
    if score is None:
        return "Not in the dataset yet."
    when = str(said.get("time") or "")[:16].replace("T", " ")
    return f"Recorded{f' {when}' if when else ''}: the model said {said.get('verdict')}, score {score:.3f}."


def _doubt(said: dict[str, Any], threshold: float) -> float:
    """0 where the model could not tell; what it said nothing about comes last."""
    if said.get("verdict") == "uncertain":
        return 0.0
    score = _score(said)
    return 2.0 if score is None else abs(score - threshold)


def _score(said: dict[str, Any]) -> float | None:
    score = said.get("score")
    return float(score) if isinstance(score, int | float) else None


def _facts(path: Path) -> dict[str, Any]:
    """What the server wrote beside the photo; nothing where it did not."""
    try:
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _threshold(project: Project) -> float:
    from tilecli.errors import ModelError
    from tilecli.inference.bundle import read_bundle

    try:
        return read_bundle(project.bundle).verdict_threshold
    except ModelError:
        return _HALF
