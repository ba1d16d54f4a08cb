"""Work in progress: a file per photo in the project's scratch folder, written whole at every stroke.

Whoever kills the server, or the machine, loses at most the stroke that was being drawn. A draft leaves the folder when
it has become part of a batch, or when somebody takes it back.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from tilecli import files, progress
from tilecli.data.catalog import decode_mask, encode_mask
from tilecli.data.preprocess import Uint8
from tilecli.errors import DataError, ProjectError
from tilecli.layout import Project

if sys.platform != "win32":
    import fcntl

Action = Literal["label", "reject"]
_ENDING = ".json"


@dataclass(frozen=True)
class Draft:
    """What somebody made of one photo."""

    photo: str
    action: Action  # label: this is its mask and type; reject: the photo stays out of the batch
    defect: str  # type, or `good`
    mask: Uint8  # H×W of 0 and 1
    reason: str = ""  # why it is rejected
    at: str = ""  # ISO date and time of the last change
    image: str = ""  # the file of a photo that the dataset does not have


def now() -> str:
    """The present as ISO date and time with its zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


class Drafts:
    """The drafts of one project."""

    def __init__(self, project: Project) -> None:
        self.folder = project.scratch / "labels"

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """For the length of the block nobody else works on these drafts: ProjectError where somebody does already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as stream:
            if sys.platform != "win32":
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    hint = "use its page, or stop it first"
                    raise ProjectError("tiles data label runs in this project already", hint=hint) from error
            yield

    def __iter__(self) -> Iterator[Draft]:
        """Every draft, by name; one that cannot be read is named and passed over."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(".") or path.suffix != _ENDING:
                continue
            try:
                yield _read(path)
            except DataError as error:
                progress.note(str(error))

    def get(self, photo: str) -> Draft | None:
        """The draft of one photo; DataError where it cannot be read."""
        path = self._path(photo)
        return _read(path) if path.is_file() else None

    def put(self, draft: Draft) -> None:
        """Keep a draft in place of the last one, whole or not at all."""
        values: dict[str, Any] = {
            "photo": draft.photo,
            "action": draft.action,
            "defect": draft.defect,
            "reason": draft.reason,
            "at": draft.at,
            "image": draft.image,
            "mask": base64.b64encode(encode_mask(draft.mask)).decode("ascii"),
        }
        files.write_json(self._path(draft.photo), values)

    def drop(self, photo: str) -> None:
        """Forget a draft, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            self._path(photo).unlink()

    def _path(self, photo: str) -> Path:
        # Names of photos come from other people's files; quoted, none can lead elsewhere.
        return self.folder / f"{quote(photo, safe=' ')}{_ENDING}"


def _read(path: Path) -> Draft:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        mask, _ = decode_mask(base64.b64decode(values["mask"]), str(path))
        words = {name: str(values[name]) for name in ("photo", "defect", "reason", "at", "image")}
        action: Action = "reject" if values["action"] == "reject" else "label"
        return Draft(action=action, mask=mask, **words)
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        raise DataError(f"a draft cannot be read: {error!r}", where=str(path), hint="remove that file") from error
