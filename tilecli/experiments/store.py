"""Reads experiments straight from git objects: which there are, and each one's params and metrics.

DVC keeps an experiment as a commit under refs/exps/<ab>/<cdef…>/<name>, where abcdef… is the commit it started from.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilecli import paramfile
from tilecli.errors import ConfigError, ProjectError, near_matches
from tilecli.experiments.project import git
from tilecli.layout import Project


@dataclass(frozen=True)
class Record:
    """One experiment, the workspace or a commit: flat params and metrics, and what could not be read."""

    name: str
    rev: str  # commit SHA; empty for the workspace
    baseline: str  # SHA it started from; empty where it has none
    created: float  # seconds since 1970; 0 for the workspace
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


def experiments(project: Project) -> list[Record]:
    """Every experiment of the repository, the newest first."""
    lines = git(project.root, "for-each-ref", "--format=%(objectname) %(committerdate:unix) %(refname)", "refs/exps")
    found: list[tuple[str, str, str, float]] = []
    for line in lines.splitlines():
        rev, created, ref = line.split(" ", 2)
        parts = ref.split("/", 4)
        # refs/exps/<2 hex>/<38 hex>/<name>; others are DVC's own (exec, stash, celery).
        if len(parts) == 5 and len(parts[2]) == 2 and len(parts[3]) == 38:
            found.append((parts[4], rev, parts[2] + parts[3], float(created)))
    found.sort(key=lambda row: row[3], reverse=True)
    blobs = _files(project, [row[1] for row in found])
    return [_record(name, rev, base, created, *blobs[rev]) for name, rev, base, created in found]


def commit(project: Project, rev: str = "HEAD") -> Record:
    """What the commit `rev` holds."""
    sha = git(project.root, "rev-parse", "--verify", f"{rev}^{{commit}}")
    created = float(git(project.root, "show", "-s", "--format=%ct", sha))
    return _record(rev, sha, "", created, *_files(project, [sha])[sha])


def workspace(project: Project) -> Record:
    """What the files of the working tree hold now."""

    def text(path: Path) -> str | None:
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return _record(
        "workspace", "", "", 0.0, text(project.params), text(project.training_metrics), text(project.metrics)
    )


def find(records: Iterable[Record], name: str) -> Record:
    """The record called `name` (or whose SHA starts with it)."""
    records = list(records)
    for record in records:
        if name == record.name or (len(name) >= 4 and record.rev.startswith(name)):
            return record
    hint = near_matches(name, [record.name for record in records]) or "tiles exp compare lists them"
    raise ProjectError(f"there is no experiment '{name}'", hint=hint)


def _paths(project: Project) -> tuple[str, str, str]:
    paths = (project.params, project.training_metrics, project.metrics)
    first, second, third = (path.relative_to(project.root).as_posix() for path in paths)
    return first, second, third


def _files(project: Project, revs: list[str]) -> dict[str, tuple[str | None, str | None, str | None]]:
    """For each commit the texts of params.yaml, the training metrics and the metrics; one git process for all."""
    prefix = git(project.root, "rev-parse", "--show-prefix")
    paths = _paths(project)
    wanted = "".join(f"{rev}:{prefix}{path}\n" for rev in revs for path in paths)
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=project.root, input=wanted.encode(), capture_output=True, check=True
    )
    texts: list[str | None] = []
    data, at = done.stdout, 0
    while at < len(data):
        end = data.index(b"\n", at)
        header = data[at:end].decode()
        at = end + 1
        if header.endswith((" missing", " ambiguous")):
            texts.append(None)
            continue
        length = int(header.rsplit(" ", 1)[1])
        texts.append(data[at : at + length].decode("utf-8", "replace"))
        at += length + 1
    return {rev: (texts[3 * i], texts[3 * i + 1], texts[3 * i + 2]) for i, rev in enumerate(revs)}


def _record(
    name: str, rev: str, base: str, created: float, params: str | None, training: str | None, metrics: str | None
) -> Record:
    broken: list[str] = []

    def read_json(text: str | None, what: str) -> dict[str, Any]:
        try:
            return paramfile.flatten(json.loads(text)) if text else {}
        except (ValueError, AttributeError):
            broken.append(what)
            return {}

    try:
        settings = paramfile.flatten(paramfile.parse_yaml(params, name)) if params else {}
    except ConfigError:
        broken.append("params.yaml")
        settings = {}
    figures = read_json(training, "training/metrics.json") | read_json(metrics, "evaluation/metrics.json")
    return Record(name, rev, base, created, settings, figures, tuple(broken))
