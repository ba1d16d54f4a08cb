"""What a name that a user types stands for."""

from __future__ import annotations

from collections.abc import Iterable

from tilecli.errors import ProjectError, near_matches
from tilecli.experiments import store
from tilecli.experiments.project import git
from tilecli.experiments.store import Record
from tilecli.layout import Project

WORKSPACE = "workspace"


def resolve(project: Project, name: str, tried: Iterable[Record] | None = None) -> Record:
    """What `name` stands for: `workspace`, an experiment or anything that git takes for a commit.

    `tried`: the experiments, where the caller has them already. ProjectError, with near matches, where it is none.
    """
    if name == WORKSPACE:
        return store.workspace(project)
    tried = list(store.experiments(project) if tried is None else tried)
    try:
        return store.find(tried, name)
    except ProjectError as error:
        if not name.startswith("-") and git(
            project.root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False
        ):
            return store.commit(project, name)
        near = near_matches(name, [WORKSPACE, *(record.name for record in tried)])
        raise ProjectError(
            f"there is no experiment or commit '{name}'", hint=near or "tiles exp compare lists them"
        ) from error
