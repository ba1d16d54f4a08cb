"""What an earlier split says about the photos of today. Pure; what follows from it is `assign`'s affair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tilecli.data.manifest import Assigned


@dataclass(frozen=True)
class Record:
    """One photo to assign: `tile` and `family` as `tiles` finds them today, `content` as in `hashing.Prints`."""

    photo: str
    tile: str
    defect: str
    family: str
    content: str


def find_before(records: Iterable[Record], previous: Sequence[Assigned]) -> dict[str, Assigned]:
    """Photo → its row of the previous split. A changed file is a new photo; a renamed one is not."""
    by_name = {row.photo: row for row in previous}
    by_content = {row.content: row for row in reversed(previous) if row.content}
    found: dict[str, Assigned] = {}
    for record in records:
        row = by_name.get(record.photo)
        if row is None or (row.content and row.content != record.content):
            row = by_content.get(record.content)
        if row is not None:
            found[record.photo] = row
    return found


def name_tiles(records: Iterable[Record], before: dict[str, Assigned]) -> dict[str, str]:
    """Tile of today → its id: the one that most of its photos already have, else a free one."""
    earlier: dict[str, Counter[str]] = {}
    for record in records:
        counts = earlier.setdefault(record.tile, Counter())
        if record.photo in before:
            counts[before[record.photo].tile] += 1
    taken = {row.tile for row in before.values()}
    names: dict[str, str] = {}
    for tile in sorted(earlier):
        if earlier[tile]:
            names[tile] = min(earlier[tile], key=lambda name: (-earlier[tile][name], name))
            continue
        # Taken where the photo that gave a tile its id has come back without the rest of that tile.
        name, number = tile, 2
        while name in taken:
            name, number = f"{tile}-{number}", number + 1
        names[tile] = name
        taken.add(name)
    return names
