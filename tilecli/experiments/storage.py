"""Where DVC keeps contents: its cache on this machine, its remotes elsewhere, and copying between the two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tilecli.errors import PipelineError
from tilecli.experiments import dvc
from tilecli.layout import Project


def cache_folder(project: Project) -> Path:
    """Where DVC keeps the contents of tracked files, by whatever level of its settings."""
    return Path(dvc.plain(project.root, "cache", "dir").strip()).resolve()


# DVC's command line pushes or fetches the workspace, branches or everything; its library takes any commits. It reads
# the remotes from those commits, though, and silently copies nothing for one that is older than the remote: the
# settings of today are put over them.
_TRANSFER = """
import copy, json, sys
from dvc.repo import Repo
asked = json.loads(sys.stdin.read())
with Repo(".") as repo:
    sections = [name for name in ("core", "remote", "cache") if name in repo.config]
    today = {name: copy.deepcopy(dict(repo.config[name])) for name in sections}
with Repo(".", config=today) as repo:
    work = {"push": repo.push, "fetch": repo.fetch}[asked["way"]]
    count = work(revs=asked["revs"], workspace=False, remote=asked["remote"], jobs=asked["jobs"])
print(json.dumps({"files": count}))
"""


def transfer(
    project: Project,
    way: Literal["push", "fetch"],
    revs: Sequence[str],
    *,
    remote: str | None = None,
    jobs: int | None = None,
) -> int:
    """Copy the files that these commits track to (or from) a DVC remote; returns how many were copied."""
    asked = {"way": way, "revs": list(revs), "remote": remote, "jobs": jobs}
    try:
        return int(dvc.script(project.root, _TRANSFER, asked)["files"] or 0)
    except PipelineError as error:
        raise PipelineError(f"dvc {way} failed: {error.message}", where=remote or "the default remote") from None


def remotes(project: Project) -> list[str]:
    """Names of the DVC remotes, the default one first."""
    lines = [line.partition("\t") for line in dvc.plain(project.root, "remote", "list").splitlines() if line.strip()]
    names = [name.split()[0] for name, _, _ in lines]
    chosen = [name for name, (_, _, rest) in zip(names, lines, strict=True) if rest.rstrip().endswith("(default)")]
    return [*chosen, *(name for name in names if name not in chosen)]
