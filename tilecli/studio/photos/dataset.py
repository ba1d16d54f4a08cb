"""The photos of one version of the data, out of DVC's cache: no name of a request ever becomes part of a path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tilecli import files
from tilecli.data import index
from tilecli.data.index import Photo
from tilecli.errors import DataError, ProjectError
from tilecli.experiments.reading import dvccache
from tilecli.layout import Project
from tilecli.studio.runs.finding import Run
from tilecli.studio.runs.following import tracked

_FACTS = ("index.csv", "classes.json")  # of a dataset: all that is read under its own name
_MOST = 4  # versions that are remembered


@dataclass(frozen=True)
class Dataset:
    """One version: where its facts lie, and its photos, whose `image` and `mask` are files of DVC's cache."""

    md5: str
    folder: Path
    photos: dict[str, Photo]
    contents: dict[str, str]  # photo → hashes of its picture and its mask


def of_run(project: Project, run: Run) -> Dataset:
    """The version that the run was trained and measured on. ProjectError where the cache has it not."""
    inside = project.dataset.relative_to(project.root).as_posix()
    root = run.at or project
    md5 = tracked(root, run.record.rev).get(inside, "")
    if not md5:
        raise ProjectError(f"'{run.name}' does not say which photos it was made with", hint="tiles fetch")
    known = _KNOWN.get((project, md5))
    if known is None:
        _KNOWN[project, md5] = known = _read(project, md5)
        while len(_KNOWN) > _MOST:
            del _KNOWN[next(iter(_KNOWN))]
    return known


_KNOWN: dict[tuple[Project, str], Dataset] = {}


def photo_of(dataset: Dataset, name: str) -> Photo:
    """The photo called so. DataError where there is none, ProjectError where the cache has it no more."""
    photo = dataset.photos.get(name)
    if photo is None:
        raise DataError(f"this version of the data has no photo '{name}'")
    for what, path in (("picture", photo.image), ("mask", photo.mask)):
        if path and not Path(path).is_file():
            raise ProjectError(f"the {what} of {name} is not in DVC's cache", hint="tiles data pull brings it")
    return photo


def _read(project: Project, md5: str) -> Dataset:
    cache = dvccache.of(project)
    named = cache.files(md5)
    folder = project.scratch / "studio" / "datasets" / md5.partition(".")[0]
    for name in _FACTS:
        source = cache.object(named[name]) if name in named else None
        if source is None or (folder / name).is_file():
            continue
        if not source.is_file():
            raise ProjectError(f"the {name} of these photos is not in DVC's cache", hint="tiles data pull brings it")
        with files.whole_file(folder / name) as temporary:
            temporary.write_bytes(source.read_bytes())

    def place(path: str) -> str:
        found = named.get(path)
        return str(cache.object(found)) if found else str(folder / "missing")

    rows = index.read_index(folder / "index.csv")
    return Dataset(
        md5,
        folder,
        {row.photo: replace(row, image=place(row.image), mask=place(row.mask) if row.mask else "") for row in rows},
        {row.photo: f"{named.get(row.image, '')}-{named.get(row.mask, '')}" for row in rows},
    )
