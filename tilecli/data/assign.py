"""Which photo is used for training, for choosing and for the final figures: pure, opens no file.

What stays put: a photo that is assigned keeps its tile and its subset for as long as the settings stay the same, so a
photo that was ever tested on is never trained on. A new photo follows its tile, a new tile its family (tiles that may
show the same spot, see `tiles`); new families fill the subsets that are short of their share. New photos that link
tiles of different subsets are left out: in any subset they would be near-copies of photos in another.

With `split.folds` all of this is said of folds instead (see `folds`): one of them is the test, the others are parted
into train and valid.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tilecli.config import SplitParams
from tilecli.data import folds
from tilecli.data.earlier import Record, find_before, name_tiles
from tilecli.data.manifest import SUBSETS, Assigned
from tilecli.data.units import Unit, by_type, family_units, photo_units, shuffled
from tilecli.errors import DataError
from tilecli.layout import GOOD


@dataclass(frozen=True)
class Split:
    """The outcome: `rows` in the order of the records, photos left out, and what the user should know."""

    rows: list[Assigned]
    left_out: list[str]
    warnings: list[str]


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
        units, left_out, warnings = family_units(used, before)
    else:
        units, left_out, warnings = photo_units(used, before), set(), []
    if params.folds:
        warnings += folds.deal(units, params)
    else:
        for kind, of_type in by_type(units).items():
            _fill(of_type, params)
            warnings += _shortage(kind, of_type, params)
    _check_none_empty(units, params, len(used), bool(before))
    places = {record.photo: unit for unit in units for record in unit.members}
    rows = [
        Assigned(
            record.photo,
            before[record.photo].tile if record.photo in before else names[record.tile],
            record.defect,
            places[record.photo].subset,
            record.content,
            places[record.photo].fold,
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


def _fill(units: Sequence[Unit], params: SplitParams) -> None:
    """Give every unit of one type that has no subset yet one that is short of its share."""
    have = Counter(unit.subset for unit in units)
    target = quota(len(units), params)
    new = sorted((unit for unit in units if not unit.subset), key=shuffled(params.seed))
    places = [] if have["train"] else ["train"]
    for subset in ("test", "valid"):
        places += [subset] * max(0, target[subset] - have[subset])
    places += ["train"] * len(new)
    for unit, subset in zip(new, places, strict=False):
        unit.subset = subset


def _shortage(kind: str, units: Sequence[Unit], params: SplitParams) -> list[str]:
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


def _check_none_empty(units: Sequence[Unit], params: SplitParams, photos: int, kept: bool) -> None:
    shares = {"train": 1.0, "valid": params.valid, "test": 1.0 if params.folds else params.test}
    have = Counter(unit.subset for unit in units)
    empty = [subset for subset in SUBSETS if shares[subset] > 0 and not have[subset]]
    if params.folds:
        # Said of every fold alike: none of them can be left out of a cross-validation.
        empty += [f"fold {name}" for name in folds.names(params) if all(unit.fold != name for unit in units)]
    if not empty:
        return
    what = "separate tile" if params.by == "tile" else "photo"
    if kept:
        hint = "remove data/split.csv and run tiles split to split from scratch"
    elif params.folds and len(units) > 2:
        hint = "add photos of other parts, or make fewer folds: -S split.folds=2"
    elif params.by == "tile" and photos > len(units):
        hint = "add photos of other parts, or split by photo (which leaks): tiles split --by photo"
    else:
        hint = "add photos of other parts"
    raise DataError(
        f"{photos} photos make {len(units)} {what}{'s' if len(units) > 1 else ''}, which is too few: "
        f"none is left for {' and '.join(empty)}",
        hint=hint,
    )
