"""The data: versions and batches, photos by type and subset, a gallery by tile, what the audit found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from tilecli.audit.finding import KINDS, REPORT
from tilecli.errors import TilesError
from tilecli.experiments import registry
from tilecli.experiments.reading import snapshot
from tilecli.layout import Project
from tilecli.studio import gallery

_VERSIONS = 20  # the last ones
_FINDINGS = 12  # of a kind that are shown


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`table`, `gallery` (see `studio.gallery`), `parts`, `versions`, `status`, `audit`; in the place of what could not
    be read stands `wrong` and `hint`. query: of the gallery; `part=gallery` for that alone.
    """
    shown = {"project": project.root.name, "gallery": _or_why(lambda: gallery.page(gallery.tiles(project), query))}
    if query.get("part") == "gallery":
        return shown
    return {
        **shown,
        "table": _or_why(lambda: gallery.table(gallery.tiles(project))),
        "parts": _or_why(lambda: _parts(project)),
        "versions": _or_why(lambda: _versions(project)),
        "status": _or_why(lambda: _status(project)),
        "audit": _audit(project),
        "stamp": project.index.stat().st_mtime_ns if project.index.is_file() else 0,
    }


def _or_why(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except TilesError as error:
        where = f" ({error.where})" if error.where else ""
        return {"wrong": f"{error.message}{where}", "hint": error.hint or ""}


def _parts(project: Project) -> list[dict[str, Any]]:
    from tilecli.versions import overview

    return [part.as_dict() for part in overview.parts(project)]


def _versions(project: Project) -> list[dict[str, Any]]:
    from tilecli.versions import log

    found = [logged.as_dict() for logged in log.history(project, _VERSIONS)]
    # The registry's tags say nothing of the data.
    return [one | {"tags": [tag for tag in one["tags"] if not tag.startswith(registry.OWN_TAGS)]} for one in found]


def _status(project: Project) -> dict[str, Any]:
    from tilecli.versions import overview

    found = overview.status(project).as_dict()
    return {key: found[key] for key in ("commit", "changes", "edited", "stale", "uncommitted")}


def _audit(project: Project) -> dict[str, Any] | None:
    """What audit/report.json says, by kind, the worst first; `stale`: the photos are newer; None without it."""
    path = project.audit / REPORT
    try:
        said, made = path.read_text(encoding="utf-8"), path.stat().st_mtime
    except OSError:
        return None
    values = snapshot.json_mapping(said)
    found = [one for one in values.get("findings") or [] if isinstance(one, Mapping) and one.get("kind") in KINDS]
    kinds = []
    for kind, group in groupby(found, key=lambda one: str(one["kind"])):
        own = list(group)
        facts = KINDS[kind]
        kinds.append(
            {
                "kind": kind,
                "title": facts.title,
                "meaning": facts.meaning,
                "fix": facts.mend,
                "count": len(own),
                "ignored": (values.get("ignored") or {}).get(kind, 0),
                "findings": [
                    {name: one.get(name) for name in ("photo", "type", "why", "others", "fix", "ignore")}
                    for one in own[:_FINDINGS]
                ],
            }
        )
    newer = project.index.is_file() and project.index.stat().st_mtime > made
    skipped = {KINDS[kind].title: why for kind, why in (values.get("skipped") or {}).items() if kind in KINDS}
    return {"made": made, "stale": newer, "kinds": kinds, "skipped": skipped, "broken": not values}
