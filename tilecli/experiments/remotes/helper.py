"""Started by `worker`: opens a remote with DVC's library and copies objects, or tries the remote out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilecli.experiments.remotes import checking, copying, settings
from tilecli.experiments.remotes.cache import Cache
from tilecli.experiments.remotes.parallel import Stopped
from tilecli.experiments.remotes.store import open_store
from tilecli.experiments.remotes.worker import serve
from tilecli.layout import Project


def work(asked: dict[str, Any], stopped: Stopped) -> dict[str, Any]:
    """Do `asked["do"]` (push, fetch or check) with the remote `asked["remote"]`."""
    from dvc.repo import Repo

    remote = settings.find(Project(Path.cwd()), asked["remote"])
    with Repo(".") as repo:
        if asked["do"] == "check":
            return {"steps": [asdict(step) for step in checking.check(remote, repo.config, asked["sample"])]}
        store = open_store(remote, repo.config)
        copy = {"push": copying.push, "fetch": copying.fetch}[asked["do"]]
        cache = Cache(repo.cache.local)
        jobs = store.jobs(asked["jobs"])
        return asdict(copy(cache, store, asked["wanted"], jobs, stopped, verify=asked["verify"]))


if __name__ == "__main__":
    serve(work)
