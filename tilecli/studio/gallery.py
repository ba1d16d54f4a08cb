"""The photos of the dataset, tile by tile: which there are, and pages of those that somebody wants to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tilecli.data.index import Photo, read_index
from tilecli.data.manifest import SUBSETS, Assigned, read_manifest
from tilecli.layout import GOOD, Project

ON_A_PAGE = 24  # tiles
Kind = Literal["thumbnail", "picture"]
_SIDES: dict[Kind, int] = {"thumbnail": 208, "picture": 960}  # px at most; smaller photos grow by whole factors


@dataclass(frozen=True)
class Tile:
    """The photos of one part, and what they are used for."""

    name: str
    subset: str  # empty where nothing is split yet
    photos: tuple[Photo, ...]


def photos(project: Project) -> dict[str, Photo]:
    """Every photo of the index by its name. Raises ProjectError without a dataset, DataError for a broken index."""
    return _index(project.index, *_stamp(project.index))


def picture(project: Project, name: str, kind: Kind) -> bytes | None:
    """The photo with its mask outlined, as a JPEG. DataError where one of them cannot be read.

    None where the index names no such photo, or one that lies elsewhere.
    """
    from tilecli.audit.pictures import marked

    photo = photos(project).get(name)
    if photo is None or any(part.startswith("/") or ".." in part.split("/") for part in (photo.image, photo.mask)):
        return None
    return marked(project.dataset, photo, side=_SIDES[kind])


def tiles(project: Project) -> list[Tile]:
    """Every tile in the order of their names; a photo that is not split yet is a tile of its own."""
    assigned = _manifest(project.split, *_stamp(project.split)) if project.split.is_file() else {}
    grouped: dict[tuple[str, str], list[Photo]] = {}
    for photo in photos(project).values():
        row = assigned.get(photo.photo)
        grouped.setdefault((row.tile, row.subset) if row else (photo.photo, ""), []).append(photo)
    return [
        Tile(name, subset, tuple(sorted(own, key=lambda photo: (photo.exposure, photo.photo))))
        for (name, subset), own in sorted(grouped.items())
    ]


def table(found: list[Tile]) -> list[dict[str, Any]]:
    """A row for each defect type, good ones last: photos of each subset (`train`, `valid`, `test`, `none`) and in all,
    and how many tiles show it.
    """
    counts: dict[str, Counter[str]] = {}
    shows: Counter[str] = Counter()
    for tile in found:
        for photo in tile.photos:
            counts.setdefault(photo.defect, Counter())[tile.subset or "none"] += 1
        shows.update({photo.defect for photo in tile.photos})
    return [
        {
            "type": name,
            "photos": own.total(),
            "tiles": shows[name],
            **{subset: own[subset] for subset in (*SUBSETS, "none")},
        }
        for name, own in sorted(counts.items(), key=lambda item: (item[0] == GOOD, item[0]))
    ]


def page(found: list[Tile], query: Mapping[str, str]) -> dict[str, Any]:
    """One page of the tiles that the query wants: `type`, `subset`, `source`, `find` (part of a photo's or tile's name,
    whatever its case), `page` from 1. A tile comes whole, where one of its photos is wanted.
    """
    wanted = {name: query.get(name, "") for name in ("type", "subset", "source", "find")}
    shown = [tile for tile in found if _is_wanted(tile, wanted)]
    pages = max(1, -(-len(shown) // ON_A_PAGE))
    given = query.get("page", "1")
    number = min(pages, max(1, int(given))) if given.isdecimal() else 1
    return {
        **wanted,
        "page": number,
        "pages": pages,
        "tiles": [_plain(tile) for tile in shown[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]],
        "of": len(shown),
    }


def _is_wanted(tile: Tile, wanted: Mapping[str, str]) -> bool:
    if wanted["subset"] not in ("", tile.subset or "none"):
        return False
    words = wanted["find"].lower()
    named = words in tile.name.lower()
    return any(
        wanted["type"] in ("", photo.defect)
        and wanted["source"] in ("", photo.source)
        and (named or words in photo.photo.lower())
        for photo in tile.photos
    )


def _plain(tile: Tile) -> dict[str, Any]:
    own = [
        {"name": one.photo, "type": one.defect, "exposure": one.exposure, "width": one.width, "height": one.height}
        for one in tile.photos
    ]
    return {"name": tile.name, "subset": tile.subset, "photos": own}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=2)
def _index(path: Path, *_: int) -> dict[str, Photo]:
    return {photo.photo: photo for photo in read_index(path)}


@lru_cache(maxsize=2)
def _manifest(path: Path, *_: int) -> dict[str, Assigned]:
    return {row.photo: row for row in read_manifest(path)}
