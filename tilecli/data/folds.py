"""Cross-validation: every family of tiles gets a fold, each fold is the test once. Pure, opens no file.

Which fold a family has depends on the photos and `split.seed` alone, not on `split.fold`: experiments that differ in
nothing but `split.fold` test each photo exactly once between them. A family that has a fold keeps it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from tilecli.config import SplitParams
from tilecli.data.units import Unit, by_type, shuffled


def deal(units: Sequence[Unit], params: SplitParams) -> list[str]:
    """Give every unit a fold, and the subset that follows from `params.fold`; returns what the user should know.

    Stratified by type: the folds' numbers of families of a type differ by at most one, and the numbers of all their
    photos as little as that allows. Of the families that are not tested, `params.valid` become the valid subset, in an
    order of each fold's own.
    """
    known = set(names(params))
    for unit in units:
        unit.fold = unit.fold if unit.fold in known else ""
    photos = Counter({name: sum(len(unit.members) for unit in units if unit.fold == name) for name in known})
    types = by_type(units)
    # The rarest type first: those with many families even out what it left uneven.
    for _, of_type in sorted(types.items(), key=lambda item: (len(item[1]), item[0])):
        _deal_type(of_type, params, photos)
    warnings = []
    for kind, of_type in types.items():
        _choose_subsets(of_type, params)
        warnings += _shortage(kind, len(of_type), params)
    return warnings


def names(params: SplitParams) -> list[str]:
    """The folds as the manifest writes them: `0` … `K-1`."""
    return [str(number) for number in range(params.folds)]


def _deal_type(units: Sequence[Unit], params: SplitParams, photos: Counter[str]) -> None:
    """Deal the units of one type that have no fold yet; `photos` counts those of all types and is brought up to date.

    In rounds of one unit for each fold, in random order from round to round: within a round the unit with the most
    photos goes first, to the fold with the fewest of all types.
    """
    families = Counter(unit.fold for unit in units)
    new = sorted((unit for unit in units if not unit.fold), key=shuffled(params.seed))
    for first in range(0, len(new), params.folds):
        for unit in sorted(new[first : first + params.folds], key=lambda unit: -len(unit.members)):
            unit.fold = min(names(params), key=lambda name: (families[name], photos[name]))
            families[unit.fold] += 1
            photos[unit.fold] += len(unit.members)


def _choose_subsets(units: Sequence[Unit], params: SplitParams) -> None:
    """The units of one type: the fold's are the test, a share of the others is valid; those that are one stay so."""
    rest = []
    for unit in units:
        if unit.fold == str(params.fold):
            unit.subset = "test"
        else:
            unit.subset = unit.subset if unit.subset in ("train", "valid") else ""
            rest.append(unit)
    have = Counter(unit.subset for unit in rest)
    wanted = max(1, math.floor(len(rest) * params.valid + 0.5)) if params.valid > 0 else 0
    wanted = min(wanted, max(0, len(rest) - 1))
    new = sorted((unit for unit in rest if not unit.subset), key=shuffled(params.seed, params.fold))
    places = [] if have["train"] else ["train"]
    places += ["valid"] * max(0, wanted - have["valid"])
    places += ["train"] * len(new)
    for unit, subset in zip(new, places, strict=False):
        unit.subset = subset


def _shortage(kind: str, count: int, params: SplitParams) -> list[str]:
    word = "separate tile" if params.by == "tile" else "photo"
    if count == 1:
        return [f"{kind}: only 1 {word}; the fold that tests it has none to train on"]
    if count < params.folds:
        return [f"{kind}: only {count} {word}s for {params.folds} folds; {params.folds - count} of them test none"]
    return []
