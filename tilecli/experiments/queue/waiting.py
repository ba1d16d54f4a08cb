"""What stands in the queue, as records beside the experiments that are done."""

from __future__ import annotations

from tilecli.experiments.queue.tasks import Queue
from tilecli.experiments.store import Record
from tilecli.layout import Project


def waiting(project: Project) -> list[Record]:
    """A record for each queued, running, failed or stopped task, with the settings it has or will have."""
    tasks = [task for task in Queue(project).tasks() if task.state != "done"]
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
    records = []
    for task in tasks:
        assert task.state != "done"  # noqa: S101 - for mypy; those are experiments already
        settings = params[task.snapshot] | paramfile.parse_overrides(task.overrides)
        records.append(
            Record(task.name, "", task.base, task.created, settings, state=task.state, message=task.message or "")
        )
    return records
