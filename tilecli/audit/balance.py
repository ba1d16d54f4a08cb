"""How photos and tiles are shared out over the defect types and subsets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tilecli.audit.finding import Finding
from tilecli.audit.look import Look
from tilecli.data.manifest import SUBSETS, Assigned
from tilecli.layout import GOOD

_LEAST_TILES = 5  # of a type; of fewer, one in each subset is all there is


def type_table(looks: Sequence[Look], tiles: Sequence[str], rows: Sequence[Assigned]) -> list[dict[str, Any]]:
    """Per type: photos, tiles, mean share of defect pixels, and and both per subset, if there is a split."""
    subset_of = {row.photo: row.subset for row in rows}
    shares: dict[str, list[float]] = defaultdict(list)
    tiles_of: dict[str, set[str]] = defaultdict(set)
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for look, tile in zip(looks, tiles, strict=True):
        kind = look.photo.defect
        shares[kind].append(look.mask_px / (look.photo.width * look.photo.height))
        tiles_of[kind].add(tile)
        subset = subset_of.get(look.photo.photo, "")
        counts[kind, subset] += 1
        places[kind, subset].add(tile)
    return [
        {
            "type": kind,
            "photos": len(shares[kind]),
            "tiles": len(tiles_of[kind]),
            "defect_share": round(float(np.mean(shares[kind])), 5),
            "subsets": {subset: counts[kind, subset] for subset in SUBSETS} if rows else None,
            "subset_tiles": {subset: len(places[kind, subset]) for subset in SUBSETS} if rows else None,
        }
        for kind in sorted(shares, key=lambda kind: (kind == GOOD, kind))
    ]


def find_imbalance(table: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """Findings of the kind balance: types that too few tiles show, in all or in a subset."""
    for row in table:
        short = [f"{tiles or 'none'} in {subset}" for subset, tiles in (row["subset_tiles"] or {}).items() if tiles < 2]
        if row["tiles"] >= _LEAST_TILES and not short:
            continue
        parts = [f"{row['photos']} photos of {row['tiles']} {'tile' if row['tiles'] == 1 else 'tiles'}"]
        if short:
            parts.append(f"tiles: {', '.join(short)}")
        parts.append("one tile more or less moves its figures by much")
        yield Finding("balance", row["type"], f"{'; '.join(parts)}.", weight=-row["tiles"])
