"""Running a cross-validation: which of its folds are done, which wait, which are still to be queued.

The same call goes on with an earlier one of the same name: what is done stays, what failed or was stopped goes on from
its last epoch, what is missing is queued.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilecli import paramfile
from tilecli.errors import ConfigError, ProjectError, UsageError
from tilecli.experiments import store
from tilecli.experiments.folds import member_names, place
from tilecli.experiments.project import check_form, check_name, experiment_name
from tilecli.experiments.queue.enqueue import enqueue
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.queue.waiting import settings_of, waiting
from tilecli.experiments.store import Record
from tilecli.layout import Project

_SHOWN = 3  # settings named in a refusal


@dataclass(frozen=True)
class Plan:
    """What there is of a cross-validation, by the names of its experiments."""

    name: str
    settings: dict[str, Mapping[str, Any]]  # experiment → what differs from params.yaml
    done: tuple[str, ...]
    waiting: tuple[str, ...]  # queued or running
    ended: tuple[str, ...]  # failed or stopped; they go on from their last epoch

    @property
    def new(self) -> list[str]:
        """What nobody has begun."""
        return [name for name in self.settings if name not in {*self.done, *self.waiting, *self.ended}]

    @property
    def words(self) -> str:
        """What there is, and what is done about the rest."""
        parts = {"done already": self.done, "under way": self.waiting, "going on from the last epoch": self.ended}
        counted = [f"{len(names)} {what}" for what, names in {**parts, "queued": self.new}.items() if names]
        return f"{len(self.settings)} folds: {', '.join(counted)}"


@dataclass(frozen=True)
class Member:
    """A task that is a fold."""

    group: str
    number: int  # from 1
    folds: int


def members(project: Project, tasks: Sequence[Task]) -> dict[int, Member]:
    """Those of `tasks` that are folds of a cross-validation, by their numbers."""
    named = [task for task in tasks if "-fold" in task.name]  # others need not be read
    found = {}
    for task, settings in zip(named, settings_of(project, named), strict=True):
        if of := place(task.name, settings):
            found[task.id] = Member(*of, folds=int(settings["split.folds"]))
    return found


def settings_of_each(
    changes: Callable[[Mapping[str, Any]], dict[str, Any]], chosen: Collection[str], folds: int
) -> list[dict[str, Any]]:
    """What differs from params.yaml in each of `folds` folds, dotted key → value.

    changes: all that differs, from what a fold alone sets. chosen: the settings that somebody chose. Raises UsageError,
    whose place is the setting, for those that a fold cannot have.
    """
    for key in ("split.folds", "split.fold"):
        if key in chosen:
            raise UsageError("a cross-validation sets split.folds and split.fold by itself", where=key)
    settings = [changes({"split.folds": folds, "split.fold": fold}) for fold in range(folds)]
    for key in settings[0]:
        if key.startswith("data."):
            raise UsageError(
                f"{key} is not what params.yaml has, so every fold would fetch the photos for itself",
                where=key,
                hint=f"tiles fetch -S {paramfile.as_override(key, settings[0][key])}, then the folds",
            )
    return settings


def free_name(project: Project) -> str:
    """A readable name that no experiment and no fold has."""
    taken = [record.name for record in [*store.experiments(project), *waiting(project)]]
    while True:
        name = experiment_name(project, None)
        if not any(other.startswith(f"{name}-fold") for other in taken):
            return name


def plan(project: Project, name: str, settings: Sequence[Mapping[str, Any]]) -> Plan:
    """Look for the folds of `name`; `settings`: of each fold, what differs from params.yaml.

    Raises ProjectError where the name cannot be, and where a fold of it was run, or waits, with other settings.
    """
    named = dict(zip(member_names(name, len(settings)), settings, strict=True))
    check_form(list(named)[-1])
    check_name(project, name)
    finished = {record.name: record for record in store.experiments(project)}
    queued = {record.name: record for record in waiting(project)}
    now = paramfile.flatten(paramfile.load(project.params).model_dump(mode="json"))
    done, under_way, ended = [], [], []
    for experiment, changes in named.items():
        known = finished.get(experiment) or queued.get(experiment)
        if known is None:
            continue
        _check_same(known, {**now, **changes}, name)
        if experiment in finished:
            done.append(experiment)
        elif known.state in ("queued", "running"):
            under_way.append(experiment)
        else:
            ended.append(experiment)
    return Plan(name, named, tuple(done), tuple(under_way), tuple(ended))


def queue_missing(project: Project, plan: Plan, message: str | None = None) -> list[Task]:
    """Queue what is missing; returns the tasks of all folds that are not done, in the order of their names."""
    queue = Queue(project)
    # First what can be refused.
    if plan.new:
        enqueue(project, [plan.settings[name] for name in plan.new], names=plan.new, message=message)
    if plan.ended:
        queue.retry(list(plan.ended))
    return [queue.find(name) for name in plan.settings if name not in plan.done]


def _check_same(known: Record, wanted: Mapping[str, Any], group: str) -> None:
    """Refuse to go on with a fold that was begun with other settings."""
    nested: dict[str, Any] = {}
    for key, value in known.params.items():
        paramfile.set_dotted(nested, key, value)
    try:
        # What an older version did not write has its default.
        before = paramfile.flatten(paramfile.validate(nested, known.name).model_dump(mode="json"))
    except ConfigError:
        before = dict(known.params)
    unlike = [key for key in wanted if before.get(key) != wanted[key]]
    if unlike:
        shown = ", ".join(f"{key} {before.get(key)} instead of {wanted[key]}" for key in unlike[:_SHOWN])
        more = f" and {len(unlike) - _SHOWN} more" if len(unlike) > _SHOWN else ""
        raise ProjectError(
            f"{known.name} is {'done' if known.rev else known.state} with other settings: {shown}{more}",
            hint=f"another --name, or the settings and --folds that '{group}' was begun with",
        )
