"""Which photo is used for training, for choosing and for the final figures: pure, opens no file.

What stays put: a photo that is assigned keeps its tile and its subset for as long as the settings stay the same, so a
photo that was ever tested on is never trained on. A new photo follows its tile, a new tile its family (tiles that may
show the same spot, see `tiles`); new families fill the subsets that are short of their share. New photos that link
tiles of different subsets are left out: in any subset they would be near-copies of photos in another.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tilecli.config import SplitParams
from tilecli.data.earlier import Record, find_before, name_tiles
from tilecli.data.manifest import SUBSETS, Assigned
from tilecli.errors import DataError
from tilecli.layout import GOOD

_SUSPECT_PHOTOS = 24  # no tile is photographed more often than this ...
_SUSPECT_SHARE = 0.2  # ... and makes up so much of a dataset, unless different parts merely look alike


@dataclass(frozen=True)
class Split:
    """The outcome: `rows` in the order of the records, photos left out, and what the user should know."""

    rows: list[Assigned]
    left_out: list[str]
    warnings: list[str]


@dataclass
class _Unit:
    """What is assigned as a whole: a family of tiles, or one photo in a split by photo.

    `subset` is empty until it has one.
    """

    name: str
    members: list[Record]
    subset: str


def assign(records: Sequence[Record], params: SplitParams, previous: Sequence[Assigned] = ()) -> Split:
    """Assign every photo, stratified by defect type; `previous` (made with the same settings) stays as it is.

    Shares are of families, whose type is the rarest defect type among their photos. The same records, settings and
    previous split give the same outcome, in whatever order the records come. Raises DataError where a subset would
    stay empty.
    """
    used = [record for record in records if params.good or record.defect != GOOD]
    if not used:
        raise DataError(
            "there are no photos to split" if not records else "every photo is good and split.good is false",
            hint="tiles fetch" if not records else "tiles split -S split.good=true",
        )
    before = find_before(used, previous)
    names = name_tiles(used, before)
    if params.by == "tile":
        units, left_out, warnings = _family_units(used, before)
    else:
        units = [_Unit(r.photo, [r], before[r.photo].subset if r.photo in before else "") for r in used]
        left_out, warnings = set(), []
    for kind, of_type in _by_type(units).items():
        _fill(of_type, params)
        warnings += _shortage(kind, of_type, params)
    _check_none_empty(units, params, len(used), bool(before))
    subsets = {record.photo: unit.subset for unit in units for record in unit.members}
    rows = [
        Assigned(
            record.photo,
            before[record.photo].tile if record.photo in before else names[record.tile],
            record.defect,
            subsets[record.photo],
            record.content,
        )
        for record in used
        if record.photo not in left_out
    ]
    return Split(rows, sorted(left_out), warnings)


def quota(units: int, params: SplitParams) -> dict[str, int]:
    """How many of a type's tiles go to each subset: the shares rounded, but first of all one tile each.

    One tile goes to training, a second one to the test (or to valid where the test's share is 0).
    """
    wanted = {name: share for name, share in (("test", params.test), ("valid", params.valid)) if share > 0}
    counts = {name: max(1, math.floor(units * share + 0.5)) for name, share in wanted.items()}
    while sum(counts.values()) > max(0, units - 1):
        # `valid` gives way first where both are equal: a figure needs the test, a checkpoint can be chosen by others.
        largest = max(reversed(counts), key=lambda name: counts[name])
        counts[largest] -= 1
    return {
        "train": units - sum(counts.values()),
        "valid": counts.get("valid", 0),
        "test": counts.get("test", 0),
    }


def _family_units(records: Iterable[Record], before: dict[str, Assigned]) -> tuple[list[_Unit], set[str], list[str]]:
    families: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        families[record.family].append(record)
    units: list[_Unit] = []
    left_out: set[str] = set()
    warnings = _suspicion(families.values())
    for family in sorted(families):
        members = families[family]
        known = [before[record.photo] for record in members if record.photo in before]
        subsets = sorted({row.subset for row in known})
        if len(subsets) <= 1:
            units.append(_Unit(family, members, "".join(subsets)))
            continue
        for subset in subsets:
            kept = [record for record in members if record.photo in before and before[record.photo].subset == subset]
            units.append(_Unit(family, kept, subset))
        new = sorted(record.photo for record in members if record.photo not in before)
        left_out.update(new)
        tiles = sorted({row.tile for row in known})
        instead = f"{len(new)} new photos that link them are left out (the first is {new[0]}); " if new else ""
        warnings.append(
            f"{', '.join(tiles)} may show the same spot but are in {' and '.join(subsets)}, where they stay; {instead}"
            "change split.seed or remove data/split.csv to split from scratch"
        )
    return units, left_out, warnings


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


def _by_type(units: Sequence[_Unit]) -> dict[str, list[_Unit]]:
    """Units by the rarest defect type that they show; `good` where they show none."""
    shown = [sorted({record.defect for record in unit.members} - {GOOD}) or [GOOD] for unit in units]
    often = Counter(kind for kinds in shown for kind in kinds)
    types: dict[str, list[_Unit]] = defaultdict(list)
    for unit, kinds in zip(units, shown, strict=True):
        types[min(kinds, key=lambda kind: (often[kind], kind))].append(unit)
    return dict(sorted(types.items()))


def _fill(units: Sequence[_Unit], params: SplitParams) -> None:
    """Give every unit of one type that has no subset yet one that is short of its share."""
    have = Counter(unit.subset for unit in units)
    target = quota(len(units), params)
    # An order that depends on nothing but seed and name changes little when units come and go.
    new = sorted((unit for unit in units if not unit.subset), key=_shuffled(params.seed))
    places = [] if have["train"] else ["train"]
    for subset in ("test", "valid"):
        places += [subset] * max(0, target[subset] - have[subset])
    places += ["train"] * len(new)
    for unit, subset in zip(new, places, strict=False):
        unit.subset = subset


def _shuffled(seed: int) -> Callable[[_Unit], bytes]:
    return lambda unit: hashlib.blake2b(f"{seed}:{unit.name}".encode(), digest_size=16).digest()


def _shortage(kind: str, units: Sequence[_Unit], params: SplitParams) -> list[str]:
    """What the split does instead where a type has too few units for the shares asked for."""
    # What may be one spot cannot be parted, so it counts once, whatever the table says.
    count, word = len(units), "separate tile" if params.by == "tile" else "photo"
    wanted = [name for name, share in (("test", params.test), ("valid", params.valid)) if share > 0]
    have = Counter(unit.subset for unit in units)
    empty = [name for name in ("train", *wanted) if not have[name]]
    measured = "none is tested" if kind == GOOD else f"{kind} is not measured"
    if not wanted:
        return []
    if count == 1 and have["train"]:
        return [f"{kind}: only 1 {word}; it is used for training, so {measured}"]
    if count <= len(wanted) and have["test"] and empty:
        return [
            f"{kind}: only {count} {word}s; one is used for training and one for the test, "
            "none for choosing checkpoint and threshold"
        ]
    if empty:
        plural = "s keep the subsets" if count > 1 else " keeps the subset"
        return [f"{kind}: its {count} {word}{plural} of the earlier split, which leaves none for {' or '.join(empty)}"]
    if count * min(params.test or 1, params.valid or 1) < 0.5:
        return [f"{kind}: only {count} {word}s; every subset gets at least one, whatever the shares"]
    return []


def _check_none_empty(units: Sequence[_Unit], params: SplitParams, photos: int, kept: bool) -> None:
    shares = {"train": 1.0, "valid": params.valid, "test": params.test}
    have = Counter(unit.subset for unit in units)
    empty = [subset for subset in SUBSETS if shares[subset] > 0 and not have[subset]]
    if not empty:
        return
    what = "separate tile" if params.by == "tile" else "photo"
    if kept:
        hint = "remove data/split.csv and run tiles split to split from scratch"
    elif params.by == "tile" and photos > len(units):
        hint = "add photos of other parts, or split by photo (which leaks): tiles split --by photo"
    else:
        hint = "add photos of other parts"
    raise DataError(
        f"{photos} photos make {len(units)} {what}{'s' if len(units) > 1 else ''}, which is too few: "
        f"none is left for {' and '.join(empty)}",
        hint=hint,
    )
