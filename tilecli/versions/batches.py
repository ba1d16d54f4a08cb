"""Batches of a project: writing one, whole or not at all, and which there are.

A batch joins in four steps: its folder is written, DVC takes it into its cache, data/dataset gets its photos, and
params.yaml names it. An error undoes them. What is left of a batch after a power cut is known by params.yaml and git
not naming it, and the next batch of that name takes its place.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilecli import files, paramfile, progress
from tilecli.data import batch as form
from tilecli.data.catalog import Photo, write_index
from tilecli.data.classlist import FILE, write_classes
from tilecli.errors import DataError, ProjectError, near_matches
from tilecli.experiments.project import git, prepare
from tilecli.layout import BATCHES, Project
from tilecli.versions import rebuild

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEY = "data.sources"


@dataclass(frozen=True)
class Item:
    """One photo of a batch: its row, and the bytes of its photo and mask, or the files that hold them."""

    photo: Photo  # `image` and `mask` count by their endings only; `source` not at all
    image: Path | bytes
    mask: Path | bytes | None = None  # single-channel PNG, 0 and 255; None for a good photo


def write_batch(
    project: Project,
    name: str,
    items: Sequence[Item],
    *,
    by: str,
    note: str = "",
    origin: str = "",
    relabels: bool = False,
    photos: Mapping[str, Mapping[str, str]] | None = None,
) -> form.Facts:
    """Make a batch of checked photos part of the dataset, whole or not at all; params.yaml names it from then on.

    by: who made it; origin: where the photos came from; photos: what was done to each, see `Facts.photos`. With
    `relabels` the masks and types of photos that the dataset has already replace theirs. Raises DataError for a
    name that is taken or cannot be one, and for names of photos that the dataset has; PipelineError where
    DVC fails. Then everything is as it was.
    """
    prepare(project)
    check_name(project, name)
    rebuild.bring_up_to_date(project)
    return write_checked(project, name, items, by=by, note=note, origin=origin, relabels=relabels, photos=photos)


def write_checked(
    project: Project,
    name: str,
    items: Sequence[Item],
    *,
    by: str,
    note: str,
    origin: str,
    relabels: bool,
    photos: Mapping[str, Mapping[str, str]] | None = None,
    classes: Sequence[str] = (),
) -> form.Facts:
    """`write_batch` for who has checked the name and brought the dataset up to date, which takes seconds.

    classes: what the numbers in masks stand for, where some show several types, see `classlist`.
    """
    _check_photos(project, name, items, relabels)
    facts = form.Facts(name, time.strftime("%Y-%m-%dT%H:%M:%S%z"), by, origin, note, relabels, photos or {})
    with _undone_on_error(project, name), rebuild.tracking(project) as tell:
        with files.whole_folder(project.batches / name) as folder:
            _write(folder, facts, items)
            if classes:
                write_classes(folder / FILE, classes)
        rebuild.track(tell, f"{BATCHES}/{name}")
        rebuild.join(project, tell, name, relabels=relabels)
    return facts


def check_name(project: Project, name: str) -> None:
    """Refuse a name that no folder and tag could have, and one that is taken."""
    if not _NAME.fullmatch(name) or name.endswith((".dvc", ".")):
        raise DataError(
            f"'{name}' cannot be a batch's name", where="--name", hint="letters, digits, -, _ and ., such as 2026-11"
        )
    if name in names(project) or _in_git(project, name):
        number = next(n for n in range(2, 10**6) if f"{name}-{n}" not in names(project))
        raise DataError(
            f"there is a batch '{name}' already", where=f"{BATCHES}/{name}.dvc", hint=f"--name {name}-{number}"
        )
    if name in sources_used(project):
        raise DataError(f"a source of the dataset is called '{name}' already", where="--name", hint="another --name")


def names(project: Project) -> list[str]:
    """The batches that params.yaml switches on, in their order."""
    texts = paramfile.load(project.params).data.sources
    return [Path(text).name for text in texts if form.is_batch(text)]


def known(project: Project) -> list[str]:
    """Every batch that git keeps or params.yaml names, switched on or not."""
    kept = git(project.root, "ls-files", "--", f"{BATCHES}/*.dvc").splitlines()
    return list(dict.fromkeys([*names(project), *(Path(path).stem for path in kept)]))


def require(project: Project, name: str) -> None:
    """ProjectError where there is no batch of that name."""
    there = known(project)
    if name not in there:
        hint = near_matches(name, there) or (f"batches: {', '.join(there)}" if there else "tiles data add DIR --name …")
        raise ProjectError(f"there is no batch '{name}'", hint=hint)


def remove(project: Project, name: str) -> None:
    """Switch a batch off and forget it: its photos leave the dataset. DVC's cache keeps them until `tiles data gc`."""
    prepare(project)
    require(project, name)
    before = project.params.read_text(encoding="utf-8")
    rest = [text for text in paramfile.load(project.params).data.sources if text != f"{BATCHES}/{name}"]
    if not rest:
        raise DataError(
            f"'{name}' is the only source of photos", where=_KEY, hint="add another one first, in params.yaml"
        )
    if name in names(project):
        try:
            rebuild.leave(project, name, rest)
        except BaseException:
            files.write_text(project.params, before)
            raise
    _forget(project, name)


def sources_used(project: Project) -> set[str]:
    """The names in the index's column `source`."""
    from tilecli.data.catalog import read_index

    return {photo.source for photo in read_index(project.index)} if project.index.is_file() else set()


def _check_photos(project: Project, name: str, items: Sequence[Item], relabels: bool) -> None:
    from tilecli.data.catalog import read_index

    if not items:
        raise DataError("a batch needs photos", where=name)
    seen = {item.photo.photo.casefold() for item in items}
    if len(seen) < len(items):
        raise DataError("two photos of the batch have the same name", where=name)
    taken = {photo.photo.casefold(): photo for photo in read_index(project.index)}
    clash = [taken[photo].photo for photo in sorted(seen & taken.keys())]
    if clash and not relabels:
        raise DataError(
            f"the dataset has photos of {len(clash)} of these names already, the first is {clash[0]}", where=name
        )
    for photo in (item.photo for item in items):
        former = taken.get(photo.photo.casefold(), photo)
        if former.photo != photo.photo or (former.width, former.height) != (photo.width, photo.height):
            size = f"{former.photo}, {former.width}×{former.height} px"
            raise DataError(
                f"{photo.photo} of {photo.width}×{photo.height} px cannot correct the label of {size}", where=name
            )


def _write(folder: Path, facts: form.Facts, items: Sequence[Item]) -> None:
    for inside in ("images", "masks"):
        (folder / inside).mkdir()
    photos = []
    for item in sorted(items, key=lambda item: item.photo.photo):
        photo = replace(
            item.photo,
            image=f"images/{item.photo.photo}{Path(item.photo.image).suffix.lower()}",
            mask=f"masks/{item.photo.photo}.png" if item.mask is not None else "",
            source=facts.name,
        )
        put(item.image, folder / photo.image)
        if item.mask is not None:
            put(item.mask, folder / photo.mask)
        photos.append(photo)
    write_index(folder / form.INDEX, photos)
    form.write_facts(folder, facts)


def put(content: Path | bytes, target: Path) -> None:
    """Write bytes, or what another file holds, to `target`. A copy: linked from the cache, a file is read-only."""
    if isinstance(content, bytes):
        target.write_bytes(content)
    else:
        shutil.copyfile(content, target)


@contextlib.contextmanager
def _undone_on_error(project: Project, name: str) -> Iterator[None]:
    before = project.params.read_text(encoding="utf-8")
    if (project.batches / name).exists():
        progress.note(f"took away what an interrupted attempt left of '{name}'")
        _forget(project, name)
    try:
        yield
    except BaseException:
        files.write_text(project.params, before)
        _forget(project, name)
        raise


def _forget(project: Project, name: str) -> None:
    """Remove a batch's folder, its .dvc file and its line in .gitignore, from git's index too."""
    pointer, ignored = project.batches / f"{name}.dvc", project.batches / ".gitignore"
    pointer.unlink(missing_ok=True)
    shutil.rmtree(project.batches / name, ignore_errors=True)
    if ignored.is_file():
        lines = [line for line in ignored.read_text(encoding="utf-8").splitlines() if line != f"/{name}"]
        if lines:
            files.write_text(ignored, "\n".join(lines) + "\n")
        else:
            ignored.unlink()
    with contextlib.suppress(OSError):
        project.batches.rmdir()
    listed = git(project.root, "ls-files", "--", f"{BATCHES}/{name}.dvc", f"{BATCHES}/.gitignore").splitlines()
    if listed:
        git(project.root, "add", "--all", "--", *listed)


def _in_git(project: Project, name: str) -> bool:
    return bool(git(project.root, "ls-tree", "HEAD", "--", f"{BATCHES}/{name}.dvc", check=False))
