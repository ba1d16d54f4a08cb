"""Running a stage of the pipeline from a verb: settings, checks, the live display, and what is said on Ctrl-C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tilecli.cli import options, terminal

if TYPE_CHECKING:
    from tilecli.experiments.following import Outcome
    from tilecli.layout import Project


def bring_up_to_date(
    stage: str, *, typed: Mapping[str, Any] | None = None, set_: list[str] | None = None, force: bool = False
) -> tuple[Project, dict[str, dict[str, Any]], Outcome]:
    """`dvc repro STAGE` with settings written to params.yaml; returns the project, the stages' results, the outcome."""
    from tilecli.cli.live import display
    from tilecli.experiments import dvc
    from tilecli.experiments.project import prepare
    from tilecli.layout import find_project

    project = find_project()
    wanted = options.changes(project, typed=typed, set_=set_)
    prepare(project)
    options.write_changes(project, wanted)
    try:
        with display() as shown:
            outcome = dvc.repro(project, [*(["check_packages"] if force else []), stage], force=force)
    except KeyboardInterrupt:
        terminal.say(f"stopped; nothing half-made was kept. Go on with: [command]tiles {_verb(stage)}[/]")
        raise
    return project, shown.results, outcome


def _verb(stage: str) -> str:
    return {"evaluate": "eval"}.get(stage, stage)
