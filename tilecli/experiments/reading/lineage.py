"""Follows a dvc.lock from stage to stage: what was made anew since a stage, or one before it, has read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

OF_FOLDER = ".dir"  # how the hash of a folder ends, whose object lists the files


class Change(NamedTuple):
    """A path that holds something else than what was read from it."""

    path: str
    maker: str  # the stage that wrote it last


def changes(stages: Mapping[str, Any]) -> dict[str, list[Change]]:
    """For each of the `stages` of a dvc.lock what changed since; first what it reads itself, then what its makers read.

    DVC notes the hashes of all that a stage read and wrote. Environment files do not count: another version of a
    package makes no other model. KeyError, TypeError or AttributeError where the lock is not of DVC's form.
    """
    made = {out["path"]: (name, md5(out)) for name, stage in stages.items() for out in stage.get("outs", [])}
    found: dict[str, list[Change]] = {}

    def of(name: str) -> list[Change]:
        if name in found:
            return found[name]
        found[name] = own = []  # before the makers are asked, so that a circle ends
        makers = []
        for used in stages[name].get("deps", []):
            path = used["path"]
            if path not in made or path.startswith("environment/"):
                continue
            maker, now = made[path]
            makers.append(maker)
            if md5(used) != now:
                own.append(Change(path, maker))
        own += [change for change in dict.fromkeys(c for maker in makers for c in of(maker)) if change not in own]
        return own

    for name in stages:
        of(name)
    return found


def md5(entry: Mapping[str, Any]) -> str | None:
    """The hash that a dvc.lock notes of a path, the same for a file and a folder."""
    value = entry.get(entry.get("hash", "md5"))
    return None if value is None else str(value).removesuffix(OF_FOLDER)
