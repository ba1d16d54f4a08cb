"""data/dataset after a batch came or went: the very dataset that `tiles fetch` would make, without its work.

The photos that stay are linked, not read and checked again, and DVC is told that its stage `fetch` has run. So a batch
also joins a dataset whose first photos are not on this machine any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tilecli import files, paramfile, progress
from tilecli.data.batch import INDEX, is_batch
from tilecli.data.catalog import Photo, read_index, write_index
from tilecli.errors import PipelineError, ProjectError
from tilecli.experiments import dvc
from tilecli.experiments.environment import write_environment, write_sources
from tilecli.layout import BATCHES, Project
from tilecli.versions.state import edited, settings_changed

_STAGE = "fetch"
_TRACK = """
from dvc.repo import Repo
repo = Repo(".")
def answer(asked):
    for path in asked.get("add", []):
        repo.add(path)
    for stage in asked.get("commit", []):
        repo.commit(stage, force=True)
    return {}
"""

# How DVC is told what it shall take.
Tell = Callable[[dict[str, Any]], object]


def bring_up_to_date(project: Project) -> None:
    """Run `fetch` where the dataset is not what params.yaml and the sources say."""
    if is_current(project):
        return
    progress.note("the dataset is brought up to date first")
    dvc.repro(project, [_STAGE])


def is_current(project: Project) -> bool:
    """Whether `dvc repro fetch` would find nothing to do, and the files in data/dataset are those that it made.

    Brings the files in environment/ up to date, as every run of the pipeline does.
    """
    if not project.index.is_file() or not project.lock.is_file():
        return False
    write_environment(project, paramfile.load(project.params))
    lock = project.lock.read_text(encoding="utf-8")
    stage = (paramfile.parse_yaml(lock, str(project.lock)).get("stages") or {}).get(_STAGE)
    if not stage or not _same_settings(project, stage):
        return False
    if any(files.md5(project.root / dep["path"]) != dep.get("md5") for dep in stage.get("deps") or ()):
        return False
    try:
        return not edited(project)
    except ProjectError:  # the cache does not know what the last fetch made
        return False


def tracking(project: Project) -> contextlib.AbstractContextManager[Tell]:
    """DVC's library, which takes a second to start, for as long as the block."""
    return dvc.script(project.root, _TRACK)


def track(tell: Tell, path: str) -> None:
    """`dvc add`: a copy of the path's contents into the cache, `<path>.dvc` into git's index."""
    tell({"add": [path]})


def join(project: Project, tell: Tell, name: str, *, relabels: bool) -> None:
    """Switch a written batch on: its photos into data/dataset, its line into params.yaml."""
    before = paramfile.load(project.params).data
    sources = [*before.sources, f"{BATCHES}/{name}"]
    if before.target == "type":
        _fetch(project, sources)
        return
    batch = project.batches / name
    photos = {photo.photo: photo for photo in read_index(project.index)}
    places = {photo.photo: project.dataset for photo in photos.values()}
    masks = dict(places)
    for photo in read_index(batch / INDEX):
        former = photos.get(photo.photo) if relabels else None
        photos[photo.photo] = replace(former, mask=photo.mask, defect=photo.defect) if former else photo
        places[photo.photo] = places[photo.photo] if former else batch
        masks[photo.photo] = batch
    _lay_down(project, tell, photos.values(), places.__getitem__, masks.__getitem__, sources)


def leave(project: Project, name: str, sources: Sequence[str]) -> None:
    """Switch a batch off: `sources` is what is left of `data.sources`."""
    before = paramfile.load(project.params).data
    others = [project.root / text for text in before.sources if is_batch(text)]
    # Which mask a corrected photo had before is known to its source alone.
    if before.target == "type" or any(_relabels(folder) for folder in others) or not is_current(project):
        _fetch(project, sources)
        return
    stay = [photo for photo in read_index(project.index) if photo.source != name]
    with tracking(project) as tell:
        _lay_down(project, tell, stay, lambda _: project.dataset, lambda _: project.dataset, sources)


def _fetch(project: Project, sources: Sequence[str]) -> None:
    """Let the stage make the dataset of these sources: it alone gives types of defects their numbers, for example."""
    paramfile.write(project.params, {"data.sources": list(sources)})
    dvc.repro(project, [_STAGE])


def _lay_down(
    project: Project,
    tell: Tell,
    photos: Iterable[Photo],
    image_from: Callable[[str], Path],
    mask_from: Callable[[str], Path],
    sources: Sequence[str],
) -> None:
    """Put `photos` into data/dataset as a whole, `sources` into params.yaml, and let DVC know."""
    with files.whole_folder(project.dataset) as folder:
        for inside in ("images", "masks"):
            (folder / inside).mkdir()
        listed = sorted(photos, key=lambda photo: photo.photo)
        for photo in listed:
            _put(project, image_from(photo.photo) / photo.image, folder / photo.image)
            if photo.mask:
                _put(project, mask_from(photo.photo) / photo.mask, folder / photo.mask)
        write_index(folder / INDEX, listed)
        paramfile.write(project.params, {"data.sources": list(sources)})
    write_sources(project, paramfile.load(project.params))
    _commit(tell, [_STAGE])


def adopt(project: Project, stages: Sequence[str]) -> None:
    """Let DVC take what lies in the workspace for what these stages make with the settings and the code of today."""
    write_environment(project, paramfile.load(project.params))
    with tracking(project) as tell:
        _commit(tell, stages)


def _commit(tell: Tell, stages: Sequence[str]) -> None:
    try:
        tell({"commit": ["check_packages", *stages]})
    except PipelineError as error:
        message = f"DVC did not take the dataset: {error.message}"
        raise PipelineError(message, where=error.where, hint="tiles fetch") from error


def _put(project: Project, path: Path, target: Path) -> None:
    """`target` becomes the file at `path`: a link to what the dataset had, a copy of a batch's, which stays apart."""
    if not path.is_relative_to(project.dataset):
        shutil.copyfile(path, target)
        return
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(path, target)


def _same_settings(project: Project, stage: dict[str, Any]) -> bool:
    code = json.loads(project.code.read_text(encoding="utf-8"))
    params = stage.get("params") or {}
    noted = (params.get(project.code.relative_to(project.root).as_posix()) or {}).get(_STAGE)
    return noted == code.get(_STAGE) and not settings_changed(project)


def _relabels(folder: Path) -> bool:
    from tilecli.data.batch import FACTS, read_facts

    return not (folder / FACTS).is_file() or read_facts(folder).relabels
