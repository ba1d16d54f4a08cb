"""What a split assigns as a whole: families of tiles, or single photos in a split by photo. Pure, opens no file."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tilecli.data.earlier import Record
from tilecli.data.manifest import Assigned
from tilecli.layout import GOOD

_SUSPECT_PHOTOS = 24  # no tile is photographed more often than this ...
_SUSPECT_SHARE = 0.2  # ... and makes up so much of a dataset, unless different parts merely look alike


@dataclass
class Unit:
    """A family of tiles, or one photo in a split by photo. `subset` and `fold` are empty until it has one."""

    name: str
    members: list[Record]
    subset: str = ""
    fold: str = ""


def photo_units(records: Iterable[Record], before: Mapping[str, Assigned]) -> list[Unit]:
    """One unit for each photo, where it was before."""
    units = []
    for record in records:
        row = before.get(record.photo)
        units.append(Unit(record.photo, [record], row.subset if row else "", row.fold if row else ""))
    return units


def family_units(records: Iterable[Record], before: Mapping[str, Assigned]) -> tuple[list[Unit], set[str], list[str]]:
    """Families where they were before, the photos that are left out, and what the user should know.

    A family whose tiles an earlier split parted stays parted, and its new photos are left out.
    """
    families: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        families[record.family].append(record)
    units: list[Unit] = []
    left_out: set[str] = set()
    warnings = _suspicion(families.values())
    for family in sorted(families):
        members = families[family]
        known = [before[record.photo] for record in members if record.photo in before]
        places = sorted({_place(row) for row in known})
        if len(places) <= 1:
            units.append(_unit(family, members, known))
            continue
        for place in places:
            kept = [record for record in members if record.photo in before and _place(before[record.photo]) == place]
            units.append(_unit(family, kept, [row for row in known if _place(row) == place]))
        new = sorted(record.photo for record in members if record.photo not in before)
        left_out.update(new)
        tiles = sorted({row.tile for row in known})
        instead = f"{len(new)} new photos that link them are left out (the first is {new[0]}); " if new else ""
        warnings.append(
            f"{', '.join(tiles)} may show the same spot but are in {' and '.join(places)}, where they stay; {instead}"
            "change split.seed or remove data/split.csv to split from scratch"
        )
    return units, left_out, warnings


def _place(row: Assigned) -> str:
    """What a family may not be spread over: folds where there are any, else subsets."""
    return f"fold {row.fold}" if row.fold else row.subset


def _unit(name: str, members: list[Record], known: Sequence[Assigned]) -> Unit:
    subsets = {row.subset for row in known}
    # Within a fold, tiles that turn out to be one family may have been in train and in valid: it is chosen anew.
    return Unit(name, members, subsets.pop() if len(subsets) == 1 else "", known[0].fold if known else "")


def _suspicion(families: Iterable[list[Record]]) -> list[str]:
    sizes = list(families)
    largest, total = max(sizes, key=len), sum(map(len, sizes))
    if len(largest) <= max(_SUSPECT_PHOTOS, _SUSPECT_SHARE * total):
        return []
    return [
        f"{len(largest)} of {total} photos look like one tile and stay together, among them "
        f"{min(record.photo for record in largest)}; "
        "if they show different parts in one pose, use tiles split --by photo"
    ]


def by_type(units: Sequence[Unit]) -> dict[str, list[Unit]]:
    """Units by the rarest defect type that they show; `good` where they show none."""
    shown = [sorted({record.defect for record in unit.members} - {GOOD}) or [GOOD] for unit in units]
    often = Counter(kind for kinds in shown for kind in kinds)
    types: dict[str, list[Unit]] = defaultdict(list)
    for unit, kinds in zip(units, shown, strict=True):
        types[min(kinds, key=lambda kind: (often[kind], kind))].append(unit)
    return dict(sorted(types.items()))


def shuffled(*salt: int) -> Callable[[Unit], bytes]:
    """A sort key: an order that depends on nothing but `salt` and name changes little when units come and go."""
    text = ":".join(str(part) for part in salt)
    return lambda unit: hashlib.blake2b(f"{text}:{unit.name}".encode(), digest_size=16).digest()
