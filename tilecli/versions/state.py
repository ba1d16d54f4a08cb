"""Whether the dataset is what params.yaml and the last fetch say. Light: neither starts DVC nor imports what would."""

from __future__ import annotations

import contextlib

from tilecli.errors import ProjectError
from tilecli.experiments.reading import snapshot
from tilecli.layout import Project
from tilecli.versions import hashes, version


def edited(project: Project) -> list[str]:
    """Files of data/dataset that are not as the last fetch left them, came or went since; POSIX paths inside it."""
    locked = version.read_locked(project)
    found = hashes.hash_folder(project, project.dataset)
    now = {path: file.md5 for path, file in found.items()}
    return sorted(path for path in locked.files.keys() | now.keys() if locked.files.get(path) != now.get(path))


def settings_changed(project: Project) -> bool:
    """Whether the section `data` of params.yaml is not the one that the dataset was made with."""
    lock = project.lock.read_text(encoding="utf-8") if project.lock.is_file() else ""
    stage = (snapshot.mapping(lock, project.lock.name).get("stages") or {}).get("fetch") or {}
    made = ((stage.get("params") or {}).get(project.params.name) or {}).get("data")
    text = project.params.read_text(encoding="utf-8")
    with contextlib.suppress(ProjectError):
        if snapshot.mapping(text, project.params.name).get("data") == made:
            return False
    from tilecli import paramfile  # knows what kinds of numbers there are; brings all settings with it

    return bool(paramfile.parse_yaml(text, str(project.params)).get("data") != made)
