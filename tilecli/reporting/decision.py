"""The gate's decision on a run of this project, and gate.json, which carries it to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.experiments.evaluated import rows_of
from tilecli.experiments.naming import resolve
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.reporting import comparison, gate
from tilecli.reporting.base import base_of
from tilecli.reporting.gate import Demands, Gate

FILE = "gate.json"


def decide(project: Project, name: str, against: str | None, demands: Demands) -> Gate:
    """Check `demands` on the run called `name`, compared with `against`; None: what it started from.

    Raises ProjectError for unknown names and for a run whose model was not evaluated, UsageError for a metric or type
    that it does not have.
    """
    run = resolve(project, name)
    rows = rows_of(project, run)
    base = base_of(project, run, against)
    return gate.decide(run, rows, base, comparison.compare(project, run, rows, base), demands)


def write(found: Gate, folder: Path) -> Path:
    """Write gate.json into `folder`."""
    files.write_json(folder / FILE, found.as_dict())
    return folder / FILE


def read(folder: Path, run: Record) -> dict[str, Any] | None:
    """What gate.json in `folder` says, if that is of this run's model; None otherwise."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        own = values["run"]
        # One commit has several names: HEAD, its branch, its tag.
        same = own["model"] == run.model and (own["rev"] or own["name"]) == (run.rev or run.name)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return values if same else None
