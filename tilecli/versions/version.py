"""A version of the dataset: every photo with the hash of its file, of its mask, and its type.

Versions of commits are read from git and DVC's cache, that of the workspace from its files. Nothing here imports DVC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, objects, snapshot
from tilecli.layout import Project
from tilecli.versions import hashes
from tilecli.versions.hashes import File

WORKSPACE = snapshot.WORKSPACE


@dataclass(frozen=True)
class Entry:
    """One photo of a version."""

    photo: str
    defect: str
    source: str
    image: str  # POSIX path inside the dataset
    mask: str  # likewise; empty where there is none
    image_md5: str  # empty where the file is missing
    mask_md5: str


@dataclass(frozen=True)
class Version:
    """The dataset at one commit, or in the workspace."""

    rev: str  # SHA; WORKSPACE
    photos: Mapping[str, Entry] = field(default_factory=dict)  # by name; empty where there is no dataset yet
    files: Mapping[str, str] = field(default_factory=dict)  # path inside the dataset → MD5
    dataset: str = ""  # hash of the whole dataset, as dvc.lock says it


def resolve(project: Project, rev: str) -> str:
    """The SHA of a commit, tag or branch; ProjectError where there is none."""
    sha = git(project.root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", check=False)
    if not sha:
        raise ProjectError(f"there is no commit, tag or branch '{rev}'", hint="tiles data log lists them")
    return sha


def read_commit(project: Project, rev: str) -> Version:
    """The version of a commit. Raises ProjectError that says how to get what DVC's cache lacks."""
    sha = resolve(project, rev)
    lock = snapshot.texts(project, sha, [snapshot.LOCK]).get(snapshot.LOCK, "")
    return _of_lock(project, sha, dataset_of(lock), rev)


def read_locked(project: Project) -> Version:
    """The version that the workspace's dvc.lock speaks of: what the last fetch made."""
    try:
        lock = project.lock.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Version(WORKSPACE)
    return _of_lock(project, WORKSPACE, dataset_of(lock), "")


def read_workspace(project: Project) -> tuple[Version, dict[str, File]]:
    """The version that lies in data/dataset, and its files with their sizes."""
    found = hashes.hash_folder(project, project.dataset)
    return of_files(project, found), found


def of_files(project: Project, found: Mapping[str, File]) -> Version:
    """The version in data/dataset, whose files were `found`."""
    if project.index.name not in found:
        return Version(WORKSPACE)
    contents = {path: file.md5 for path, file in found.items()}
    return Version(WORKSPACE, _entries(project.index, contents), contents)


def is_unchanged(project: Project, rev: str, found: Mapping[str, File]) -> bool:
    """Whether the files `found` in data/dataset are those of the commit `rev`, and dvc.lock says so too.

    The answer that is wanted most often, without reading who is in the index.
    """
    lock = snapshot.texts(project, rev, [snapshot.LOCK]).get(snapshot.LOCK, "")
    dataset = dataset_of(lock)
    if not dataset or not project.lock.is_file():
        return False
    here = project.lock.read_text(encoding="utf-8")
    if here != lock and dataset_of(here) != dataset:
        return False
    try:
        contents = dvccache.of(project).files(dataset)
    except ProjectError:
        return False
    return len(contents) == len(found) and all(file.md5 == contents.get(path) for path, file in found.items())


@lru_cache(maxsize=512)  # the log of the data asks for every lock twice, and a page that shows it asks again
def dataset_of(lock: str) -> str:
    """The hash of data/dataset in the text of a dvc.lock; empty where it has none."""
    return next((out.md5 for out in snapshot.locked(lock) if out.path == _DATASET), "") if lock else ""


_DATASET = "data/dataset"


def _of_lock(project: Project, sha: str, dataset: str, shown: str) -> Version:
    if not dataset:
        return Version(sha)
    return _read(project, sha, dataset, shown)


def _read(project: Project, sha: str, dataset: str, shown: str) -> Version:
    cache = dvccache.of(project)
    try:
        contents = cache.files(dataset)
        index = cache.object(contents[project.index.name])
        if not index.is_file():
            raise ProjectError("the index is not in the cache")
    except (ProjectError, KeyError) as error:
        name = shown or sha[:7]
        raise ProjectError(
            f"the data of '{name}' are not on this machine" if name else "the dataset's list of files is not here",
            where=str(cache.root),
            hint=f"tiles data pull {name}".rstrip(),
        ) from error
    return Version(sha, _entries(index, contents), contents, dataset)


def _entries(index: Path, contents: Mapping[str, str]) -> dict[str, Entry]:
    from tilecli.data.index import read_index

    return {
        photo.photo: Entry(
            photo.photo,
            photo.defect,
            photo.source,
            photo.image,
            photo.mask,
            contents.get(photo.image, ""),
            contents.get(photo.mask, "") if photo.mask else "",
        )
        for photo in read_index(index)
    }


def names_of(project: Project) -> dict[str, str]:
    """Tag or branch of each commit that has one."""
    return objects.names(project.root)
