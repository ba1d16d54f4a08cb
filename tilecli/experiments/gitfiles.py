"""Reads files out of commits: many at once, by one git process, without touching the working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.layout import Project


def read(project: Project, wanted: Sequence[tuple[str, Path]]) -> list[str | None]:
    """The text of each (commit, file of the project); None where the commit does not hold it.

    An empty commit stands for the working tree. Bytes that are no UTF-8 become U+FFFD.
    """
    asked = [(rev, path) for rev, path in wanted if rev]
    committed = iter(_committed(project, asked)) if asked else iter(())
    return [next(committed) if rev else _written(path) for rev, path in wanted]


def _written(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return None


def _committed(project: Project, wanted: Sequence[tuple[str, Path]]) -> list[str | None]:
    prefix = git(project.root, "rev-parse", "--show-prefix")  # the project may be a folder of the repository
    names = "".join(f"{rev}:{prefix}{path.relative_to(project.root).as_posix()}\n" for rev, path in wanted)
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=project.root, input=names.encode(), capture_output=True, check=False
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise ProjectError(f"git cannot read its objects: {words}", where=str(project.root), hint="git fsck")
    texts: list[str | None] = []
    data, at = done.stdout, 0
    for _ in wanted:
        end = data.index(b"\n", at)
        header = data[at:end].decode(errors="replace")
        at = end + 1
        if header.endswith((" missing", " ambiguous")):
            texts.append(None)
            continue
        _, kind, size = header.rsplit(" ", 2)
        texts.append(data[at : at + int(size)].decode("utf-8", "replace") if kind == "blob" else None)
        at += int(size) + 1
    return texts
