"""What stands in the queue, as records beside the experiments that are done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.store import Record
from tilecli.layout import Project


def waiting(project: Project) -> list[Record]:
    """A record for each queued, running, failed or stopped task, with the settings it has or will have."""
    tasks = [task for task in Queue(project).tasks() if task.state != "done"]
    records = []
    for task, settings in zip(tasks, settings_of(project, tasks), strict=True):
        assert task.state != "done"  # noqa: S101 - for mypy; those are experiments already
        records.append(
            Record(task.name, "", task.base, task.created, settings, state=task.state, message=task.message or "")
        )
    return records


def settings_of(project: Project, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Of each task, what the params.yaml that it runs with says, with its own settings on top, by dotted keys."""
    if not tasks:
        return []
    # They bring pydantic and YAML, which an empty queue has no need of.
    from tilecli import paramfile
    from tilecli.experiments.reading import snapshot

    # A sweep's tasks share one snapshot: read and parsed once.
    revs = list(dict.fromkeys(task.snapshot for task in tasks))
    texts = snapshot.texts_at(project, [(rev, project.params) for rev in revs])
    flat = (paramfile.flatten(paramfile.parse_yaml(text or "", rev)) for rev, text in zip(revs, texts, strict=True))
    params = dict(zip(revs, flat, strict=True))
    return [params[task.snapshot] | paramfile.parse_overrides(task.overrides) for task in tasks]
