"""Which runs can become versions of the registry, and making one a version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tilecli.experiments import compare, registry
from tilecli.experiments.naming import resolve
from tilecli.experiments.registry import Bump, Version
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.reporting import decision
from tilecli.studio import reading


def offer(project: Project) -> dict[str, Any]:
    """`runs` that have a bundle and are no version yet, the newest first; `next`: what the next version will be called,
    by the part that counts up; `unsaved`: whether the working tree has a bundle that no commit has.
    """
    known = registry.versions(project)
    history = reading.look(project).history
    committed = [*(group.baseline for group in history.groups), *history.experiments]
    found = sorted(possible(committed, known), key=lambda record: record.created, reverse=True)
    here = history.workspace
    return {
        "runs": [_run(project, record, known) for record in found],
        "next": registry.upcoming(known),
        "unsaved": registry.has_bundle(here) and here.model not in {record.model for record in committed},
    }


def possible(records: Iterable[Record], known: Iterable[Version]) -> list[Record]:
    """Those of `records` that can be registered, each commit once."""
    taken = {version.rev for version in known}
    found = {record.rev: record for record in records if record.rev and registry.has_bundle(record)}
    return [record for rev, record in found.items() if rev not in taken and record.state == "success"]


def register(project: Project, name: str, *, bump: Bump, message: str) -> Version:
    """Make the model of the run called `name` a version, with what the gate said of it."""
    gate = decision.read(project.report, resolve(project, name))
    return registry.register(project, name, bump=bump, message=message, gate=gate)


def _run(project: Project, record: Record, known: Iterable[Version]) -> dict[str, Any]:
    gate = decision.read(project.report, record)
    figures = {name: compare.finite(record.metrics.get(name)) for name in registry.KEPT}
    same = [version.name for version in known if version.registered.facts.get("model") == record.model]
    return {
        "rev": record.rev,
        "name": record.name,
        "kind": record.kind,
        "message": record.message,
        "created": record.created,
        "metrics": {name: value for name, value in figures.items() if value is not None},
        "gate": {"passed": bool(gate.get("passed")), "verdict": gate.get("verdict")} if gate else None,
        "same_as": same[0] if same else None,
    }
