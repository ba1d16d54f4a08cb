"""A report's pictures on a branch of their own in the same repository, so that no other host is needed.

The branch shares no history with the code, and nobody checks it out. Comments name commits of it, so older ones keep
their pictures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tilecli.errors import ProjectError, PublishError
from tilecli.experiments.project import git

BRANCH = "tiles-reports"
_TRIES = 4  # another job may push at the same moment
_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "tiles"), ("EMAIL", "tiles@localhost"))
}


def push(root: Path, pictures: Sequence[Path], folder: str, remote: str = "origin") -> str:
    """Put files into `folder` of BRANCH at `remote`; returns the commit that holds them.

    The working tree and the index stay as they are. Raises PublishError where the remote does not take it.
    """
    if not git(root, "remote", "get-url", remote, check=False):
        raise PublishError(f"there is no git remote '{remote}'", where=str(root), hint="git remote add origin URL")
    why = ""
    for _ in range(_TRIES):
        parent = _fetched(root, remote)
        commit = _committed(root, pictures, folder, parent)
        if commit == parent:
            return commit
        try:
            git(root, "push", "--quiet", remote, f"{commit}:refs/heads/{BRANCH}")
        except ProjectError as error:
            why = error.message
            continue
        return commit
    raise PublishError(
        f"the pictures could not be pushed: {why}",
        where=f"branch {BRANCH} of {remote}",
        hint="the job needs to write to the repository: on GitHub, permissions: contents: write",
    )


def _fetched(root: Path, remote: str) -> str:
    """The newest commit of the branch at `remote`, here now too; empty where there is no such branch."""
    listed = git(root, "ls-remote", remote, f"refs/heads/{BRANCH}")
    if not listed:
        return ""
    git(root, "fetch", "--quiet", "--no-tags", "--depth=1", remote, f"refs/heads/{BRANCH}")
    return listed.split()[0]


def _committed(root: Path, pictures: Sequence[Path], folder: str, parent: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": f"{scratch}/index"}
        if parent:
            git(root, "read-tree", parent, variables=index)
        blobs = git(root, "hash-object", "-w", "--", *(str(path) for path in pictures)).split()
        for blob, path in zip(blobs, pictures, strict=True):
            git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{folder}/{path.name}", variables=index)
        tree = git(root, "write-tree", variables=index)
    if parent and tree == git(root, "rev-parse", f"{parent}^{{tree}}"):
        return parent
    follows = ("-p", parent) if parent else ()
    return git(root, "commit-tree", tree, *follows, "-m", f"Pictures of {folder}", variables=_WHO)
