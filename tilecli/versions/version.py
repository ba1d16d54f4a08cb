"""A version of the dataset: every photo with the hash of its file, of its mask, and its type.

Versions of commits are read from git and DVC's cache, that of the workspace from its files. Nothing here imports DVC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    if project.index.name not in found:
        return Version(WORKSPACE), found
    contents = {path: file.md5 for path, file in found.items()}
    return Version(WORKSPACE, _entries(project.index, contents), contents), found


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
    from tilecli.data.catalog import read_index

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
