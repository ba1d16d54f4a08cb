"""Started by `worker`: opens a remote with DVC's library and copies objects, or tries the remote out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilecli.errors import ProjectError
from tilecli.experiments.remotes import checking, copying, settings, words
from tilecli.experiments.remotes.cache import open_cache
from tilecli.experiments.remotes.parallel import Stopped
from tilecli.experiments.remotes.store import open_store
from tilecli.experiments.remotes.worker import serve
from tilecli.layout import Project


def work(asked: dict[str, Any], stopped: Stopped) -> dict[str, Any]:
    """Do `asked["do"]` (push, fetch or check) with the remote `asked["remote"]`."""
    from dvc.config import Config, ConfigError

    folder = Path.cwd() / ".dvc"
    remote = settings.find(Project(folder.parent), asked["remote"])
    try:
        config = Config(str(folder))  # not all of DVC's repository, which takes twice the time
    except ConfigError as error:
        raise ProjectError("DVC's settings are wrong", where=words.scrubbed(str(error), remote)) from None
    if asked["do"] == "check":
        return {"steps": [asdict(step) for step in checking.check(remote, config, asked["sample"])]}
    cache = open_cache(config.get("cache", {}), folder / "cache")
    store = open_store(remote, config)
    copy = {"push": copying.push, "fetch": copying.fetch}[asked["do"]]
    return asdict(copy(cache, store, asked["wanted"], store.jobs(asked["jobs"]), stopped, verify=asked["verify"]))


if __name__ == "__main__":
    serve(work)
