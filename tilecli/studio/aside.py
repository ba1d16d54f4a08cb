"""Queueing in a process of its own, `python -m tilecli.studio.aside`: to know an odd encoder's name takes torch, and
what a server has imported it never gives back.

Reads one JSON object from its standard input and answers with one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilecli import progress, quiet
from tilecli.errors import ConfigError, TilesError
from tilecli.layout import Project


def queue(
    project: Project, settings: Sequence[Mapping[str, Any]], names: Sequence[str | None], message: str | None
) -> dict[str, Any]:
    """Queue an experiment for each of `settings` as `tiles train --queue` and `tiles exp sweep` do; their `names`, and
    `remarks` that were made.

    Raises TilesError with the words of whatever refused it.
    """
    return _ask(project, {"settings": [*map(dict, settings)], "names": list(names), "message": message})


def queue_folds(
    project: Project, settings: Sequence[Mapping[str, Any]], name: str | None, message: str | None
) -> dict[str, Any]:
    """Queue what is missing of a cross-validation as `tiles train --folds` does, `settings` of each fold; answers and
    raises as `queue` does.
    """
    return _ask(project, {"folds": [*map(dict, settings)], "name": name, "message": message})


def try_again(project: Project, task: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Queue a failed or stopped task again with other settings; answers and raises as `queue` does."""
    return _ask(project, {"settings": dict(settings), "again": task})


def _ask(project: Project, wanted: Mapping[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, str(project.root)]
    done = subprocess.run(
        command, cwd=project.root, input=json.dumps(wanted), capture_output=True, text=True, check=False
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.strip().splitlines() or ["nothing"]
        raise TilesError(f"the experiment could not be queued: {words[-1]}") from None
    if "message" in said:
        raise ConfigError(said["message"], where=said["where"], hint=said["hint"], key=said["key"])
    return said


def _answer(project: Project, wanted: Mapping[str, Any]) -> dict[str, Any]:
    from tilecli.experiments.queue import again, enqueue, folds

    remarks: list[str] = []

    def listen(event: progress.Event) -> None:
        if event.kind in ("note", "warning"):
            remarks.append(event.text)

    try:
        with progress.listen(listen):
            if "again" in wanted:
                tasks = [again.try_again(project, wanted["again"], wanted["settings"])]
            elif "folds" in wanted:
                plan = folds.plan(project, wanted["name"] or folds.free_name(project), wanted["folds"])
                remarks.append(f"{plan.name}, {plan.words}")
                tasks = folds.queue_missing(project, plan, wanted["message"])
            else:
                given = {"names": wanted["names"], "message": wanted["message"]}
                tasks = enqueue.enqueue(project, wanted["settings"], **given)
    except TilesError as error:
        key = getattr(error, "key", "")
        return {"message": error.message, "where": error.where, "hint": error.hint, "key": key}
    return {"names": [task.name for task in tasks], "remarks": remarks}


if __name__ == "__main__":
    quiet.be_quiet()
    sys.stdout.write(json.dumps(_answer(Project(Path(sys.argv[1])), json.load(sys.stdin))))
