"""The registered models: versions with what they came to, the stages they are in, and everything that happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilecli.experiments import registry, store
from tilecli.experiments.reading import objects, snapshot
from tilecli.experiments.reading.lineage import OF_FOLDER
from tilecli.experiments.registry import Event, Version
from tilecli.layout import Project

USUAL = ("dev", "staging", "prod")  # stages that are offered before one has been named


def view(project: Project, _query: Mapping[str, str]) -> dict[str, Any]:
    """`versions`, the newest first; `stages` with what is in each now; `events`, the last first; `here`: the
    workspace's bundle, and which version that is. The page itself picks the events of a stage that its address names.
    """
    found, happened = registry.versions(project), registry.events(project)
    tags = _data_tags(project) if found else {}
    used = list(dict.fromkeys(event.stage for event in happened if event.stage))
    model = store.workspace(project).model
    return {
        "project": project.root.name,
        "versions": [_version(version, tags) for version in found],
        "stages": [_stage(stage, found, happened) for stage in sorted(used)],
        "known": list(dict.fromkeys([*USUAL, *sorted(used)])),
        "events": [_event(event) for event in reversed(happened)],
        "here": {
            "model": model,
            "version": next((one.name for one in found if model and one.registered.facts.get("model") == model), None),
        },
    }


def _version(version: Version, tags: Mapping[str, str]) -> dict[str, Any]:
    event, facts = version.registered, version.registered.facts
    data = str(facts.get("data") or "")
    return {
        "name": version.name,
        "rev": version.rev,
        "run": facts.get("run") or version.rev[:7],
        "stages": list(version.stages),
        "metrics": facts.get("metrics") or {},
        "gate": facts.get("gate"),
        "data": data,
        "data_tag": tags.get(data, ""),
        "model": facts.get("model") or "",
        "registered": event.when.timestamp(),
        "by": event.who,
        "message": event.message,
    }


def _stage(stage: str, versions: list[Version], happened: list[Event]) -> dict[str, Any]:
    now = next((version.name for version in versions if stage in version.stages), None)
    last = next(event for event in reversed(happened) if event.stage == stage)
    return {"name": stage, "version": now, "since": last.when.timestamp(), "by": last.who, "message": last.message}


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "version": event.version,
        "stage": event.stage,
        "when": event.when.timestamp(),
        "by": event.who,
        "message": event.message,
        "rev": event.rev,
    }


def _data_tags(project: Project) -> dict[str, str]:
    """Hash of a dataset → the first tag whose commit has it; the registry's own tags do not count."""
    from tilecli.versions.version import dataset_of

    named = [(ref.removeprefix("refs/tags/"), sha) for ref, sha in objects.refs(project.root, "refs/tags")]
    named = [(tag, sha) for tag, sha in named if not tag.startswith(registry.OWN_TAGS)]
    locks = snapshot.texts_at(project, [(sha, project.lock) for _, sha in named])
    found: dict[str, str] = {}
    for (tag, _), lock in zip(named, locks, strict=True):
        if data := dataset_of(lock or "").removesuffix(OF_FOLDER):
            found.setdefault(data, tag)
    return found
