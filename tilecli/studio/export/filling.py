"""What each page of an export is given: what the server would give it, and what it would ask the server for later.

With pictures, `kept` is added for the page: of a run and of a comparison `of` (run → photo → kind → file), `why` some
are missing (run → photo → words) and `epochs` (run → folder of its strips); of the data photo → kind → file.
"""

from __future__ import annotations

from typing import Any

from tilecli.layout import Project
from tilecli.studio import difference
from tilecli.studio.export.pictures import COMPARED, OF_RUN, Pictures
from tilecli.studio.export.plan import Leaf, Plan
from tilecli.studio.runs.finding import find
from tilecli.studio.views import compare

_LONGEST = 20_000  # characters of what differs in one file
_MOST = 500_000  # characters of all of them in a comparison


def fill(plan: Plan, leaf: Leaf, pictures: Pictures | None) -> dict[str, Any]:
    """What the page is given; no pictures without `pictures`."""
    query = {**leaf.query, "whole": "1"} if leaf.page.name == "compare" else leaf.query
    shown = leaf.page.view(plan.project, query)
    if leaf.page.name == "run":
        _run(plan, leaf, shown, pictures)
    elif leaf.page.name == "compare":
        _compare(plan.project, shown, pictures)
    elif leaf.page.name == "data" and leaf.pictured and pictures is not None:
        shown["kept"] = _data(shown, pictures)
    return shown


def _run(plan: Plan, leaf: Leaf, shown: dict[str, Any], pictures: Pictures | None) -> None:
    live = shown["live"]
    if pictures is None:
        live["pictures"] = {}
        return
    name, run, folder = shown["name"], plan.runs[leaf.query["name"]], f"{leaf.folder}/epochs"
    photos = [row["photo"] for row in shown["photos"]["rows"]]
    kept, why = pictures.of_run(run, photos, OF_RUN)
    live["pictures"] = pictures.of_epochs(run, live["pictures"], folder)
    shown["kept"] = {"of": {name: kept}, "why": {name: why}, "epochs": {name: folder}}


def _compare(project: Project, shown: dict[str, Any], pictures: Pictures | None) -> None:
    names = [run["name"] for run in shown["runs"]]
    shown["differences"] = _differences(project, names, shown["changes"])
    if pictures is None:
        return
    of, why = {}, {}
    for at, name in enumerate(names):
        tested = [photo["photo"] for photo in shown["photos"] if photo["dice"][at] is not None]
        of[name], why[name] = pictures.of_run(find(project, name), tested, COMPARED) if tested else ({}, {})
    shown["kept"] = {"of": of, "why": why}


def _differences(project: Project, names: list[str], changes: list[dict[str, Any] | None]) -> list[list[str]]:
    """[text, first, other, path] of each file that differs, as long as there is room."""
    records, _ = compare.chosen(project, names)
    found: list[list[str]] = []
    room = _MOST
    for record, change in zip(records[1:], changes[1:], strict=True):
        for path in change["files"] if change else ():
            text = difference.text(project, records[0], record, path, min(_LONGEST, room))
            room -= len(text)
            if room <= 0:
                return found
            found.append([text, records[0].name, record.name, path])
    return found


def _data(shown: dict[str, Any], pictures: Pictures) -> dict[str, dict[str, str]]:
    tiles = shown["gallery"].get("tiles", [])
    seen = [photo["name"] for tile in tiles for photo in tile["photos"]]
    audit = shown.get("audit") or {"kinds": []}
    found = [one["photo"] for kind in audit["kinds"] for one in kind["findings"] if one["photo"]]
    kept = pictures.of_data(found, ["thumbnail"])
    return {**kept, **pictures.of_data(seen, ["thumbnail", "picture"])}
