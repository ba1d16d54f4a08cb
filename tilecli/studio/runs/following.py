"""How a run is getting on: its curves, how much time is left, its last words, its pictures of each validation."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from tilecli.experiments import curves
from tilecli.experiments.curves import Curves
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.layout import Project
from tilecli.studio.runs.finding import Run

_LAST_BYTES = 48 * 1024  # of a log
_LAST_LINES = 300
_INDEX = "index.json"  # of the pictures, see `learning.epoch_pictures`


def live(project: Project, run: Run) -> dict[str, Any]:
    """What changes while a run runs: `state`, `progress`, `log`, `pictures`, `version` of everything else.

    And its curves, see `curves.Curves`: `series` (name → points [epoch, value]), `epoch_s`, the `best` epoch.
    """
    found = learned(project, run)
    return {
        "state": run.record.state,
        "running": run.is_running,
        "progress": progress(run),
        "series": found.series,
        "epoch_s": found.epoch_s,
        "best": found.best,
        "log": log(run),
        "pictures": pictures(project, run),
        "version": version(run),
    }


def version(run: Run) -> str:
    """Differs once what the rest of the page shows has changed."""
    record = run.record
    parts: list[Any] = [record.state, record.rev, record.model, record.created, run.task.attempts if run.task else 0]
    if run.at is not None and not run.is_running:
        parts += [_time(run.at.metrics), _time(run.at.params), _time(run.at.lock)]
    return str(abs(hash(tuple(parts))))


def progress(run: Run) -> dict[str, Any]:
    """How far it is: `stage`, and whether that is the `training`; `task` with `done` of `total`, `share` (0–1) of that;
    `epoch` of `epochs`, the last `dice` and the `best`; seconds `left` of the training, and what all `took` so far.
    """
    said = run.status
    now = time.time()
    epoch, epochs = said.get("epoch"), said.get("epochs")
    until = said.get("until")
    if not said and run.at is not None and run.is_running:  # DVC's own queue
        epoch, epochs, until = _by_records(run)
    done, total = said.get("done"), said.get("total")
    training = said.get("stage", "train") == "train"
    share = None
    if done is not None and total:
        share = done / total
    elif epoch is not None and epochs and training:
        share = epoch / epochs
    return {
        "stage": said.get("stage"),
        "training": training and epochs is not None,
        "task": said.get("task"),
        "done": done,
        "total": total,
        "epoch": epoch,
        "epochs": epochs,
        "share": min(1.0, share) if share is not None else None,
        "left": max(0.0, until - now) if until and run.is_running and training else None,
        "dice": said.get("valid_dice"),
        "best": said.get("best_dice"),
        "speed": said.get("photos_per_s"),
        "took": _took(run, said, now),
    }


def _took(run: Run, said: dict[str, Any], now: float) -> float | None:
    if run.task is not None and run.task.started:
        return (run.task.ended or now) - run.task.started if run.task.state != "queued" else None
    began = said.get("began")
    return now - began if began and run.is_running else None


def _by_records(run: Run) -> tuple[float | None, float | None, float | None]:
    """Epoch, epochs and the time of the end, of a training that writes no status: by what it records itself."""
    metrics, epochs = run.record.metrics, run.record.params.get("train.epochs")
    epoch, seconds = metrics.get("epoch"), metrics.get("seconds")
    if not epoch or not epochs or run.at is None:
        return None, None, None
    last = _time(run.at.training_metrics) / 1e9
    return epoch, epochs, last + (epochs - epoch) * seconds / epoch if seconds else None


def learned(project: Project, run: Run) -> Curves:
    """Its learning curves so far."""
    if run.at is not None:
        return curves.being_written(run.at.training, run.record, run.since)
    return curves.read(project, run.record)


def log(run: Run) -> list[str]:
    """The last lines that it said; those of DVC and of tiles."""
    if run.place is None:
        return []
    try:
        with (run.place / "output.log").open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _LAST_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = text.splitlines()
    return lines[1 if size > _LAST_BYTES else 0 :][-_LAST_LINES:]


def pictures(project: Project, run: Run) -> dict[str, Any]:
    """The index of the pictures of each validation; empty where there are none, or DVC's cache has them not."""
    path = picture(project, run, _INDEX)
    if path is None:
        return {}
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return index if isinstance(index, dict) and index.get("epochs") else {}


def picture(project: Project, run: Run, name: str) -> Path | None:
    """The file called `name` of a run's pictures, by the folder's own list; None where it has none of that name."""
    if run.at is not None:
        folder = run.at.epoch_pictures
        listed = {path.name: path for path in folder.glob("*") if not path.name.startswith(".")}
        found = listed.get(name)
        return found if found and (run.since is None or _time(found) / 1e9 > run.since) else None
    if not run.record.rev:
        return None
    inside = project.epoch_pictures.relative_to(project.root).as_posix()
    md5 = tracked(project, run.record.rev).get(inside, "")
    cache = dvccache.of(project)
    if not md5 or not cache.object(md5).is_file():
        return None
    file = cache.files(md5).get(name)
    return cache.object(file) if file and cache.object(file).is_file() else None


def tracked(project: Project, rev: str) -> dict[str, str]:
    """Path → hash of what the commit (or the workspace) says its stages made."""
    return _committed(project, rev) if rev else _made(project, rev)


@lru_cache(maxsize=64)
def _committed(project: Project, rev: str) -> dict[str, str]:
    return _made(project, rev)  # a commit never changes


def _made(project: Project, rev: str) -> dict[str, str]:
    return {out.path: out.md5 for out in snapshot.outputs(project, rev)}


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1
