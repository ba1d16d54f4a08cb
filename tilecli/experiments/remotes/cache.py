"""DVC's cache on this machine as the place objects come from and go to: looked at, verified, added to.

Runs in the process that `worker` starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.errors import ProjectError
from tilecli.experiments.process import is_alive
from tilecli.experiments.reading.lineage import OF_FOLDER


class Cache:
    """The cache; `local` is DVC's own object for it."""

    def __init__(self, local: Any) -> None:
        self.local = local
        self.root = Path(local.path)

    def object(self, md5: str) -> Path:
        """Where the contents with this hash are, or would be."""
        return self.root / md5[:2] / md5[2:]

    def size(self, md5: str) -> int | None:
        """Size of an object, None where it is not here."""
        try:
            return self.object(md5).stat().st_size
        except OSError:
            return None

    def sound(self, md5: str, *, read: bool) -> bool:
        """Whether an object is what its hash says; without `read`, DVC's lock against writing is believed."""
        return (not read and self.local.is_protected(str(self.object(md5)))) or matches(self.object(md5), md5)

    def members(self, md5: str) -> dict[str, str]:
        """Hash → path of what the folder with this hash holds; ProjectError if its list is not one."""
        try:
            entries = json.loads(self.object(md5).read_text(encoding="utf-8"))
            return {str(entry["md5"]): str(entry["relpath"]) for entry in entries}
        except (OSError, ValueError, KeyError, TypeError):
            raise ProjectError("the list of a folder's files cannot be read", where=str(self.object(md5))) from None

    def take(self, file: Path, md5: str) -> None:
        """Move a verified file into the cache."""
        target = self.object(md5)
        self.local.makedirs(str(target.parent))
        file.replace(target)
        self.local.protect(str(target))

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder beside the objects: files can be moved among them. Those of killed processes are cleared."""
        parent = self.root.parent.parent / "tmp-tiles"
        parent.mkdir(parents=True, exist_ok=True)
        host = os.uname().nodename  # the cache may be shared by several machines
        for left in parent.glob(f"{host}.*.*"):
            number = left.name.split(".")[-2]
            if number.isdigit() and not is_alive(int(number)):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=f"{host}.{os.getpid()}."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # somebody else works in it
                parent.rmdir()


def open_cache(settings: Mapping[str, Any], usual: Path) -> Cache:
    """The cache that DVC's section of settings `cache` names, else the one in the `usual` folder."""
    from dvc_data.hashfile.db.local import LocalHashFileDB
    from dvc_objects.fs.local import LocalFileSystem

    folder = Path(settings.get("dir") or usual) / "files" / "md5"
    return Cache(LocalHashFileDB(LocalFileSystem(), str(folder), shared=settings.get("shared")))


def matches(file: Path, md5: str) -> bool:
    """Whether a file's contents are what this hash says."""
    return files.md5(file) == md5.removesuffix(OF_FOLDER)
