"""Putting experiments into the queue: the workspace as it is now, checked before anything starts."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilecli import paramfile, progress
from tilecli.config import TrainParams
from tilecli.errors import ProjectError, TilesError, UsageError
from tilecli.experiments import dvc
from tilecli.experiments.project import experiment_names, git, prepare
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project

_PATIENCE_S = 30  # for a worker to begin
_SHOWN = 8  # untracked files that are named


def enqueue(
    project: Project,
    settings: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str | None],
    targets: Sequence[str] = (),
    message: str | None = None,
) -> list[Task]:
    """Queue one experiment for each of `settings` (dotted key → value, on top of params.yaml).

    They run with the files that git tracks as they are now, edits included; what is edited later does not touch them.
    Raises a TilesError, with nothing queued, where one of them could not run.
    """
    prepare(project, commit_needed=True)
    preflight(project, paramfile.load(project.params).train, settings)
    base = git(project.root, "rev-parse", "HEAD")
    own, foreign = untracked(project)
    if foreign:
        named = ", ".join(foreign[:_SHOWN]) + (", …" if len(foreign) > _SHOWN else "")
        progress.warn(f"queued runs will not see files that git does not track: {named} (git add them if they matter)")
    snapshot = snapshot_of(project, base, own)
    queue = Queue(project)
    taken = {task.name for task in queue.tasks() if task.state != "done"}
    tasks = []
    for name, changes in zip(experiment_names(project, names, taken), settings, strict=True):
        overrides = tuple(paramfile.as_override(key, value) for key, value in changes.items())
        tasks.append(Task(0, name, base, snapshot, overrides, tuple(targets), message))
    return queue.add(tasks)


def start_workers(project: Project, jobs: int) -> list[str]:
    """Start workers until `jobs` are at work; returns the names of the new ones."""
    queue = Queue(project)
    if not any(task.state == "queued" for task in queue.tasks()):
        raise UsageError("nothing is queued", hint="tiles train --queue --lr 0.01, or tiles exp sweep")
    started: dict[str, subprocess.Popen[bytes]] = {}
    for _ in range(jobs - len(queue.workers())):
        name = f"w{secrets.token_hex(3)}"
        log = queue.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            started[name] = subprocess.Popen(
                [sys.executable, "-m", "tilecli.experiments.queue.worker", str(project.root), name, str(jobs)],
                cwd=project.root,
                env=dvc.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in this terminal is not meant for it
            )
    for name, process in started.items():
        _await(queue, name, process)
    return list(started)


def _await(queue: Queue, worker: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a worker has said that it is there; raise ProjectError with its words where it ends before."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if any(found["worker"] == worker for found in queue.workers()) or process.poll() == 0:
            return
        if process.poll() is not None:
            said = queue.log(worker).read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
            raise ProjectError(f"a worker ended at once and said: {said[-1]}", where=str(queue.log(worker)))
        time.sleep(0.05)


def preflight(project: Project, now: TrainParams, settings: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what could only fail later. settings: of each run, what differs from `now`."""
    if not project.index.is_file():
        raise ProjectError(
            "the photos are not fetched yet; every queued run would fetch its own",
            where=str(project.dataset),
            hint="tiles split fetches and splits them",
        )
    for changes in settings:
        check_names(now, changes)
    for weights in {str(changes.get("train.encoder_weights", now.encoder_weights)) for changes in settings}:
        _check_weights(project, weights)


def untracked(project: Project) -> tuple[list[str], list[str]]:
    """Files of the project that git neither tracks nor ignores: the pipeline's own records, and all others."""
    values = paramfile.parse_yaml(project.pipeline.read_text(encoding="utf-8"), str(project.pipeline))
    made = {"dvc.lock"}
    for stage in (values.get("stages") or {}).values():
        for kind in ("outs", "metrics", "plots"):
            # Each is a path, or a path with its settings.
            made |= {str(next(iter(out)) if isinstance(out, dict) else out) for out in stage.get(kind) or ()}
    own: list[str] = []
    foreign: list[str] = []
    for path in git(project.root, "ls-files", "-z", "-o", "--exclude-standard").split("\0"):
        below = any(path == out or path.startswith(f"{out}/") for out in made)
        if path:
            (own if below or path.endswith((".gitignore", ".dvc")) else foreign).append(path)
    return own, foreign


def snapshot_of(project: Project, base: str, extra: Sequence[str]) -> str:
    """A commit on `base` of the tracked files as they are now, new ones that are staged and `extra` ones.

    The user's index is not touched.

    `base` itself where nothing differs from it.
    """
    project.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.scratch) as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(project.root, "read-tree", base, variables=index)
        top = Path(git(project.root, "rev-parse", "--show-toplevel"))
        git(top, "add", "--update", variables=index)
        staged = git(top, "diff", "--cached", "--name-only", "--diff-filter=A", "-z", base).split("\0")
        if present := [path for path in staged if path and (top / path).is_file()]:
            git(top, "add", "--force", "--", *(f":(literal){path}" for path in present), variables=index)
        if extra:
            git(project.root, "add", "--force", "--", *extra, variables=index)
        tree = git(project.root, "write-tree", variables=index)
    if tree == git(project.root, "rev-parse", f"{base}^{{tree}}"):
        return base
    return git(project.root, "commit-tree", tree, "-p", base, "-m", "tiles: the workspace when this was queued")


def check_names(now: TrainParams, changes: Mapping[str, Any]) -> None:
    """Refuse a mistyped architecture or encoder, or a logger that is not installed, before DVC writes it into
    params.yaml, or it waits for hours.
    """
    from tilecli.learning import names
    from tilecli.learning.loggers.opening import check_loggers

    check_loggers(changes.get("train.loggers", now.loggers))
    names.check_names(changes.get("train.arch", now.arch), changes.get("train.encoder", now.encoder))


def _check_weights(project: Project, weights: str) -> None:
    if weights in ("auto", "imagenet", "none") or Path(weights).expanduser().is_absolute():
        return
    if not git(project.root, "ls-files", "--", weights):
        raise TilesError(
            f"the weights file {weights} is not under git, so a queued run would not find it",
            where="train.encoder_weights",
            hint=f"-S train.encoder_weights={(project.root / weights).resolve()}",
        )
