"""Photos that show the same: equal ones, the tiles they form, and tiles that a split has torn apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tilecli.audit.finding import Finding
from tilecli.audit.look import Look
from tilecli.data.manifest import SUBSETS, Assigned


def find_duplicates(looks: Sequence[Look]) -> Iterator[Finding]:
    """Findings of the kind duplicate: photos whose pixels are all equal, one finding for each set of them."""
    same: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        same[look.pixels].append(look)
    for group in same.values():
        if len(group) > 1:
            kinds = sorted({look.photo.defect for look in group})
            labels = f"all {kinds[0]}" if len(kinds) == 1 else f"labelled {' and '.join(kinds)}"
            first, second, *rest = (look.photo.photo for look in group)
            why = f"The same photo as {', '.join([first, *rest])}; {labels}."
            yield Finding("duplicate", second, why, (first, *rest), len(kinds))


def find_leaks(names: Sequence[str], tiles: Sequence[str], rows: Sequence[Assigned]) -> Iterator[Finding]:
    """Findings of the kind leak: tiles, as they are found today, with photos in several subsets."""
    subset_of = {row.photo: row.subset for row in rows}
    members: dict[str, list[str]] = defaultdict(list)
    for name, tile in zip(names, tiles, strict=True):
        if name in subset_of:
            members[tile].append(name)
    for photos in members.values():
        count = Counter(subset_of[name] for name in photos)
        if len(count) > 1:
            parts = ", ".join(f"{count[subset]} in {subset}" for subset in SUBSETS if count[subset])
            # The photos that measure first: theirs are the figures that flatter.
            ordered = sorted(photos, key=lambda name: -SUBSETS.index(subset_of[name]))
            yield Finding(
                "leak", ordered[0], f"One tile, {parts}.", tuple(ordered[1:]), sum(count.values()) - max(count.values())
            )


def tile_facts(names: Sequence[str], tiles: Sequence[str]) -> dict[str, Any]:
    """Tiles by how many photos they have, and the photos of each tile that has several."""
    members: dict[str, list[str]] = defaultdict(list)
    for name, tile in zip(names, tiles, strict=True):
        members[tile].append(name)
    sizes = Counter(len(photos) for photos in members.values())
    several = {tile: photos for tile, photos in members.items() if len(photos) > 1}
    return {
        "count": len(members),
        "photos_with_near_copies": sum(len(photos) for photos in several.values()),
        "by_photos": {str(size): sizes[size] for size in sorted(sizes)},
        "members": several,
    }
