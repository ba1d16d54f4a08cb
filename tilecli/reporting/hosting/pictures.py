"""A report's pictures on a branch of their own in the same repository, so that no other host is needed.

The branch shares no history with the code, and nobody checks it out. Each of its commits holds one report's pictures,
and comments name commits, so that older ones keep theirs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tilecli.errors import ProjectError, PublishError
from tilecli.experiments.project import git, push_url
from tilecli.experiments.remotes.address import masked
from tilecli.reporting.hosting import login

BRANCH = "tiles-reports"
_REF = f"refs/heads/{BRANCH}"
_TRIES = 4  # another job may push at the same moment
_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "tiles"), ("EMAIL", "tiles@localhost"))
}
# Of a repository's own settings, those that say how to reach a remote. A runner's token is one of them.
_REACH = ("http.", "credential.", "url.", "core.sshcommand", "ssh.", "protocol.")


def push(
    root: Path, pictures: Sequence[Path], folder: str, environment: Mapping[str, str], remote: str = "origin"
) -> str:
    """Put files into `folder` of a new commit of BRANCH at `remote`; returns that commit.

    environment: of the job, whose token logs git in.

    Done in a repository of its own, which has only the branch's last commit: the user's is not touched, and years of
    pictures are not fetched. Raises ProjectError where there is no such remote, PublishError where it does not take it.
    """
    url = push_url(root, remote)
    if "://" not in url and ":" not in url.partition("/")[0]:
        url = str(Path(git(root, "rev-parse", "--show-toplevel"), url))
    own_login = login.entries(environment)
    if own_login:
        url = login.without_login(url)
    reach = login.variables([*_settings(root), *own_login])
    why = ""
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(scratch)
        git(own, "init", "--quiet", "--bare")
        for _ in range(_TRIES):
            try:
                commit = _committed(own, pictures, folder, _fetched(own, url, reach))
                git(own, "push", "--quiet", url, f"{commit}:{_REF}", variables=reach)
            except ProjectError as error:
                why = error.message.replace(url, masked(url))
                continue
            return commit
    raise PublishError(
        f"the pictures could not be pushed: {why}",
        where=f"branch {BRANCH} of {remote}",
        hint="the job needs to write to the repository: on GitHub, permissions: contents: write",
    )


def _settings(root: Path) -> list[login.Entry]:
    """The settings by which this repository reaches its remotes, for another repository."""
    listed = git(root, "config", "--local", "--includes", "--list", "--null", check=False)
    entries = [entry.partition("\n")[::2] for entry in listed.split("\0") if entry]
    return [(name, value) for name, value in entries if name.startswith(_REACH)]


def _fetched(own: Path, url: str, reach: dict[str, str]) -> str:
    """The newest commit of the branch, here now too; empty where there is no such branch."""
    listed = git(own, "ls-remote", url, _REF, variables=reach)
    if listed:
        git(own, "fetch", "--quiet", "--no-tags", "--depth=1", url, _REF, variables=reach)
    return listed.split()[0] if listed else ""


def _committed(own: Path, pictures: Sequence[Path], folder: str, parent: str) -> str:
    blobs = git(own, "hash-object", "-w", "--", *(str(path.resolve()) for path in pictures)).split()
    lines = [f"100644 blob {blob}\t{path.name}" for blob, path in zip(blobs, pictures, strict=True)]
    inner = git(own, "mktree", given="\n".join(lines) + "\n")
    tree = git(own, "mktree", given=f"040000 tree {inner}\t{folder}\n")
    follows = ("-p", parent) if parent else ()
    return git(own, "commit-tree", tree, *follows, "-m", f"Pictures of {folder}", variables=_WHO)
