"""What a run is compared with where nobody says."""

from __future__ import annotations

from dataclasses import replace

from tilecli.errors import ProjectError
from tilecli.experiments import store
from tilecli.experiments.naming import resolve
from tilecli.experiments.reading import objects
from tilecli.experiments.store import Record
from tilecli.layout import Project


def base_of(project: Project, run: Record, against: str | None) -> Record | None:
    """`against`, else the commit that an experiment started from, else the commit before; None where there is none."""
    if against is not None:
        found = resolve(project, against)
        return None if (found.rev, found.name) == (run.rev, run.name) else found
    rev = run.baseline or ("HEAD" if not run.rev else f"{run.rev}^")
    try:
        found = store.commit(project, rev)
    except ProjectError:
        return None
    return replace(found, name=objects.names(project.root).get(found.rev, found.rev[:7]))
