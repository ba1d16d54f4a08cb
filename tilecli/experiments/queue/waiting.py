"""What stands in the queue, as records beside the experiments that are done."""

from __future__ import annotations

from tilecli.experiments.project import git
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.store import Record
from tilecli.layout import Project


def waiting(project: Project) -> list[Record]:
    """A record for each queued, running, failed or stopped task, with the settings it has or will have."""
    tasks = [task for task in Queue(project).tasks() if task.state != "done"]
    return [_record(project, task) for task in tasks]


def _record(project: Project, task: Task) -> Record:
    from tilecli import paramfile  # brings pydantic, which an empty queue has no need of

    path = f"{git(project.root, 'rev-parse', '--show-prefix')}{project.params.relative_to(project.root).as_posix()}"
    text = git(project.root, "show", f"{task.snapshot}:{path}", check=False)
    params = paramfile.flatten(paramfile.parse_yaml(text, task.name)) | paramfile.parse_overrides(task.overrides)
    state = task.state
    assert state != "done"  # noqa: S101 - for mypy; those are experiments already
    return Record(
        task.name, "", task.base, task.created, params, state=state, message=task.message or ""
    )  # fmt: skip
