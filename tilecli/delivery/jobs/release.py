"""The model of a merged commit as the next version in the registry, in a stage, for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilecli.delivery.jobs import remote as remotes
from tilecli.errors import ProjectError
from tilecli.experiments import registry
from tilecli.experiments.naming import resolve
from tilecli.experiments.project import git, prepare, push_url
from tilecli.experiments.registry import Bump, Version
from tilecli.layout import Project


@dataclass(frozen=True)
class Released:
    """What became of it."""

    version: str
    stages: tuple[str, ...]
    new: bool  # whether it was registered now; a model that has a version keeps it, and the stages stay as they are
    tags: tuple[str, ...]  # that were pushed


def release(
    project: Project,
    environment: Mapping[str, str],
    stage: str,
    *,
    bump: Bump = "minor",
    message: str = "",
    push: bool = True,
    remote: str = "origin",
) -> Released:
    """Register HEAD's model, put it into `stage` and push both tags; nothing, where the model has a version already.

    Raises ProjectError where HEAD has no model of its own, or the tags cannot be pushed; they are taken back then, so
    that the same command can go on.
    """
    prepare(project, commit_needed=True)
    if push:
        push_url(project.root, remote)  # before anything is made that could not be pushed
    known = registry.versions(project)
    record = resolve(project, "HEAD")
    same = _of_model(known, record.model)
    if same is not None:
        return Released(same.name, same.stages, new=False, tags=())
    before = {event.tag for event in registry.events(project)}
    made = registry.register(project, "HEAD", bump=bump, message=message)
    made = registry.promote(project, made.name, stage)
    tags = tuple(event.tag for event in registry.events(project) if event.tag not in before)
    if push:
        try:
            remotes.push(project, [f"refs/tags/{tag}" for tag in tags], environment, remote)
        except ProjectError:
            _take_back(project, tags)
            raise
    return Released(made.name, made.stages, new=True, tags=tags if push else ())


def _of_model(known: list[Version], model: str) -> Version | None:
    return next((one for one in known if model and one.registered.facts.get("model") == model), None)


def _take_back(project: Project, tags: tuple[str, ...]) -> None:
    git(project.root, "tag", "--delete", *tags, check=False)
