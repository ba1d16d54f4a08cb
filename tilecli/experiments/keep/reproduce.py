"""Runs an experiment again in a clean clone and says whether the same figures come out, and if not, what differs."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from tilecli import paramfile, progress
from tilecli.errors import PipelineError, ProjectError, near_matches
from tilecli.experiments import clone, dvc
from tilecli.experiments.environment import STAGES, locked_requirements, stage_code
from tilecli.experiments.process import is_alive
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.experiments.remotes import exchange, settings
from tilecli.experiments.store import Record
from tilecli.layout import Project

TOLERANCE = 1e-6
_TIMES = ("seconds", "photos_per_s", "ms", "resumed")  # how it went, not what came out: different every time
_FACTS = ("device", "precision", "memory_format", "threads", "encoder_weights", "resumed")
_SHOWN_PACKAGES = 6


@dataclass(frozen=True)
class Metric:
    """A figure as it was recorded and as it came out now; None where it is missing."""

    name: str
    before: Any
    now: Any
    same: bool


@dataclass(frozen=True)
class Report:
    """What a reproduction found."""

    record: Record
    stages: tuple[str, ...]
    metrics: tuple[Metric, ...]
    same_model: bool | None  # bit for bit; None where no model was made again
    reasons: tuple[str, ...]  # what was not as it was then, whether or not it mattered
    seconds: float
    clone: Path | None  # where it was kept

    @property
    def same(self) -> bool:
        """Whether every figure came out as it was recorded."""
        return all(metric.same for metric in self.metrics)


@dataclass(frozen=True)
class _Facts:
    metrics: dict[str, Any]
    model: str
    training: dict[str, Any]
    packages: list[str]
    code: dict[str, str]


def reproduce(project: Project, record: Record, *, start: str = "train", keep: bool = False) -> Report:
    """Run `start` and every stage after it again, at the experiment's commit, on its data from the cache.

    Nothing of the user's is touched: neither the workspace nor the refs. The clone is removed at the end, also after
    an error or Ctrl-C, unless `keep` is set.
    """
    lock = snapshot.texts(project, record.rev, [snapshot.LOCK]).get(snapshot.LOCK)
    if lock is None:
        raise ProjectError(f"'{record.name}' holds no dvc.lock, so nothing says how it was made", where=record.rev[:7])
    stages, needed = plan(lock, start)
    made = [out for out in snapshot.locked(lock) if out.stage in stages]
    tracked = snapshot.tracked_by_dvc(project, record.rev)
    inputs = [out for out in tracked if snapshot.with_near([out.path], needed)]
    _bring(project, record, inputs)
    began = time.monotonic()
    with _place(project, record.name, keep=keep) as folder:
        copy = clone.clone_at(project, record.rev, folder)
        before = _recorded(copy, made)
        if not before.metrics:
            raise ProjectError(f"'{record.name}' has no metrics of the stages {', '.join(stages)} to compare with")
        if inputs:
            dvc.plain(copy.root, "checkout", "--quiet", *(out.path for out in inputs))
        for out in made:
            _delete(copy.root / out.path)  # so that what stands there at the end was made now
        dvc.repro(copy, stages, force=True)
        now = _found(copy, stages)
        return Report(
            record=record,
            stages=tuple(stages),
            metrics=tuple(compare(before.metrics, now.metrics)),
            same_model=before.model == now.model if before.model else None,
            reasons=tuple(differences(before, now)),
            seconds=time.monotonic() - began,
            clone=folder if keep else None,
        )


def plan(lock: str, start: str) -> tuple[list[str], list[str]]:
    """The stages of a dvc.lock from `start` on, in their order, and the paths that they read and do not make."""
    reads = snapshot.dependencies(lock)
    writes: dict[str, list[str]] = {stage: [] for stage in reads}
    for out in snapshot.locked(lock):
        writes[out.stage].append(out.path)
    if start not in reads:
        raise ProjectError(
            f"there is no stage '{start}' in this run",
            hint=near_matches(start, list(reads)) or f"stages: {', '.join(reads)}",
        )
    before = {
        stage: {other for other in reads if other != stage and snapshot.with_near(reads[stage], writes[other])}
        for stage in reads
    }
    chosen: list[str] = []
    for stage in TopologicalSorter(before).static_order():
        if stage == start or before[stage] & set(chosen):
            chosen.append(stage)
    made = [path for stage in chosen for path in writes[stage]]
    needed = dict.fromkeys(path for stage in chosen for path in reads[stage] if not snapshot.with_near([path], made))
    return chosen, list(needed)


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Metric]:
    """Each figure of then beside that of now; equal numbers may differ by no more than the tolerance."""
    names = [name for name in dict.fromkeys((*before, *now)) if name.rpartition(".")[2] not in _TIMES]
    return [Metric(name, before.get(name), now.get(name), _equal(before.get(name), now.get(name))) for name in names]


def _equal(one: Any, other: Any) -> bool:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other))
    if not numbers:
        return bool(one == other)
    return math.isclose(one, other, rel_tol=0, abs_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))


def differences(before: _Facts, now: _Facts) -> list[str]:
    """What was not as it was then, in words, the most telling first."""
    found = [
        f"{name}: {before.training[name]} then, {now.training[name]} now"
        for name in _FACTS
        if name in before.training and name in now.training and before.training[name] != now.training[name]
    ]
    changed = [stage for stage, digest in now.code.items() if before.code.get(stage, digest) != digest]
    if changed:
        found.append(f"the code of tiles behind {', '.join(changed)} has changed")
    then, here = (
        dict(line.split("==", 1) for line in lines if "==" in line) for lines in (before.packages, now.packages)
    )
    versions = [
        f"{name} {then.get(name, 'none')} → {here.get(name, 'none')}"
        for name in sorted({*then, *here})
        if then.get(name) != here.get(name)
    ]
    if then and versions:
        more = f" and {len(versions) - _SHOWN_PACKAGES} more" if len(versions) > _SHOWN_PACKAGES else ""
        found.append(f"packages: {', '.join(versions[:_SHOWN_PACKAGES])}{more}")
    return found


def _bring(project: Project, record: Record, inputs: Sequence[snapshot.Output]) -> None:
    """See that the cache holds what the stages read; a DVC remote may have what is missing."""
    if not dvccache.of(project).missing(inputs):
        return
    if settings.remotes(project):
        progress.note("fetch the data from the remote")
        with contextlib.suppress(PipelineError, ProjectError):  # the check below says what is missing
            exchange.transfer(project, "fetch", [record.rev])
    dvccache.require(project, inputs, record.name)


@contextlib.contextmanager
def _place(project: Project, name: str, *, keep: bool) -> Iterator[Path]:
    """A folder for a clone, gone after the block; those of processes that were killed are cleared first."""
    parent = project.scratch / "reproduce"
    for left in parent.glob("*.*"):
        number = left.suffix.removeprefix(".")
        if number.isdigit() and not is_alive(int(number)):
            clone.remove(left)
    folder = parent / (f"{name}-{time.strftime('%Y%m%d-%H%M%S')}" if keep else f"{name}.{os.getpid()}")
    try:
        yield folder
    finally:
        if not keep:
            clone.remove(folder)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _recorded(copy: Project, made: Sequence[snapshot.Output]) -> _Facts:
    """What the commit says, read from the fresh clone."""
    return _facts(copy, {out.path for out in made}, _lines(copy.requirements), _json(copy.code))


def _found(copy: Project, stages: Sequence[str]) -> _Facts:
    """What the stages have just made, and with what."""
    made = {out.path for out in snapshot.outputs(copy, snapshot.WORKSPACE) if out.stage in stages}
    # A clone of tiles' own repository runs the code that it holds, which is the recorded one.
    own = (copy.root / "tilecli" / "__init__.py").exists()
    code = {} if own else {stage: stage_code(stage) for stage in stages if stage in STAGES}
    return _facts(copy, made, locked_requirements(), code)


def _facts(copy: Project, made: set[str], packages: list[str], code: dict[str, str]) -> _Facts:
    metrics: dict[str, Any] = {}
    for file in (copy.training_metrics, copy.metrics):
        if file.relative_to(copy.root).as_posix() in made:
            metrics |= paramfile.flatten(_json(file))
    bundle = copy.bundle.relative_to(copy.root).as_posix()
    models = (out.md5 for out in snapshot.outputs(copy, snapshot.WORKSPACE) if out.path == bundle and bundle in made)
    return _Facts(metrics, next(models, ""), _json(copy.training / "run.json"), packages, code)


def _json(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
