"""DVC's cache as files: whether it holds what a commit needs, and where. Reads only."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import ProjectError
from tilecli.experiments.reading import cacheplace
from tilecli.experiments.reading.lineage import OF_FOLDER
from tilecli.experiments.reading.snapshot import Output
from tilecli.layout import Project


@dataclass(frozen=True)
class Cache:
    """The cache in `root`; contents are named by their MD5."""

    root: Path

    def object(self, md5: str) -> Path:
        """Where the contents with this hash are, or would be."""
        present = self.root / "files" / "md5" / md5[:2] / md5[2:]
        former = self.root / md5[:2] / md5[2:]  # DVC 2 kept them there
        return former if not present.exists() and former.exists() else present

    def files(self, md5: str) -> dict[str, str]:
        """Path inside a folder → MD5 of the file; for a single file `{"": md5}`. ProjectError if it is not here."""
        if not md5.endswith(OF_FOLDER):
            return {"": md5}
        try:
            entries = json.loads(self.object(md5).read_text(encoding="utf-8"))
        except OSError as error:
            raise ProjectError(f"the list of files {md5} is not in the cache", where=str(self.root)) from error
        return {str(entry["relpath"]): str(entry["md5"]) for entry in entries}

    def missing(self, outputs: Iterable[Output]) -> list[Output]:
        """Those outputs that the cache does not hold, or not all of."""
        return [out for out in outputs if not self._holds(out.md5)]

    def _holds(self, md5: str) -> bool:
        if not self.object(md5).is_file():
            return False
        return all(self.object(inner).is_file() for inner in self.files(md5).values())

    def restore(self, output: Output, target: Path, *, linked: bool = False) -> None:
        """Copy an output's contents to `target`, which must not exist. Copies: what is opened may also be edited.

        linked: links where the file system can, for a place where nobody edits anything.
        """
        for name, md5 in self.files(output.md5).items():
            file = target / name if name else target
            file.parent.mkdir(parents=True, exist_ok=True)
            if linked:
                with contextlib.suppress(OSError):
                    os.link(self.object(md5), file)
                    continue
            shutil.copyfile(self.object(md5), file)


@functools.lru_cache(maxsize=8)
def of(project: Project) -> Cache:
    """The cache that the project uses."""
    return Cache(cacheplace.cache_folder(project))


def require(project: Project, outputs: Iterable[Output], name: str) -> None:
    """Raise the error that says how to get what is not in the cache."""
    missing = of(project).missing(outputs)
    if missing:
        raise ProjectError(
            f"the files of '{name}' are not all in DVC's cache",
            where=", ".join(out.path for out in missing),
            hint=f"tiles exp pull {name} fetches them from a remote; tiles exp reproduce {name} makes them again",
        )
