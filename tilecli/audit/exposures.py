"""Photos of one spot under several exposures whose labels disagree, after they are laid over each other.

Measured on the real photos: masks that mean the same agree at 0.9 and more, the others at 0.5 and less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tilecli.audit.finding import Finding
from tilecli.audit.spots import OUTSIDE, Shift, Spot, moved
from tilecli.data.catalog import Uint8
from tilecli.data.photos import Held
from tilecli.opencv import cv2

_SLACK = 5  # px that two masks of one defect may lie apart: shifts are whole px, pens are not steady
_LEAST_AGREEMENT = 0.6
_LEAST_PX = 20  # less of both masks on what both photos show says nothing
_LEAST_SHOWN = 0.5  # of what another photo marked: a part shows more of a tile's edge, or less
_NAMED = 3  # photos named in a sentence


def find_conflict(spot: Spot) -> Finding | None:
    """A finding of the kind exposures, where the photos of a spot do not mean the same."""
    opinions = _opinions(spot.held, _witnesses(spot.held, spot.shifts))
    if len(opinions) < 2:
        return None
    return _finding([[spot.held[index] for index in one] for one in opinions], len(spot.shifts))


def agreement(mask: Uint8, other: Uint8, shift: Shift) -> float:
    """How much of two H×W masks, on what both photos show, lies within a few px of the other one: 0–1.

    shift: what is at (y, x) of the first is at (y + down, x + right) of the other.
    """
    seen = moved(other, shift, mask.shape)
    mine, its = mask & (seen != OUTSIDE), np.asarray(seen == 1, np.uint8)
    total = int(mine.sum()) + int(its.sum())
    if total < _LEAST_PX and (mask.any() == other.any() or not total):
        return 1.0
    square = np.ones((2 * _SLACK + 1, 2 * _SLACK + 1), np.uint8)
    near = int((mine & cv2.dilate(its, square)).sum()) + int((its & cv2.dilate(mine, square)).sum())
    return near / total


def _witnesses(held: Sequence[Held], shifts: dict[int, Shift]) -> dict[int, Shift]:
    """Those of the photos that can tell: not the unmarked ones in which what others marked lies beyond the edge."""
    marked = [index for index in shifts if held[index].mask.any()]
    return {index: place for index, place in shifts.items() if not marked or _shows(held, shifts, index, marked)}


def _shows(held: Sequence[Held], shifts: dict[int, Shift], index: int, marked: Sequence[int]) -> bool:
    down, right = shifts[index]
    for other in marked:
        shift = down - shifts[other][0], right - shifts[other][1]
        view = moved(np.ones_like(held[index].mask), shift, held[other].mask.shape) == 1
        if index == other or (held[other].mask & view).sum() >= _LEAST_SHOWN * held[other].mask.sum():
            return True
    return False


def _opinions(held: Sequence[Held], shifts: dict[int, Shift]) -> list[list[int]]:
    """Photos of one spot, those with the same type and masks that agree together, the most common opinion first."""
    opinion = {index: index for index in shifts}
    for index, (down, right) in shifts.items():
        for other, (other_down, other_right) in shifts.items():
            if other <= index or opinion[index] == opinion[other] or held[index].defect != held[other].defect:
                continue
            shift = other_down - down, other_right - right
            if agreement(held[index].mask, held[other].mask, shift) >= _LEAST_AGREEMENT:
                joined = opinion[other]
                opinion = {key: opinion[index] if value == joined else value for key, value in opinion.items()}
    groups: dict[int, list[int]] = defaultdict(list)
    for index in sorted(shifts):
        groups[opinion[index]].append(index)
    return sorted(groups.values(), key=lambda group: (-len(group), not held[group[0]].mask.any(), group[0]))


def _finding(opinions: list[list[Held]], count: int) -> Finding:
    common, *others = opinions
    odd = [held for group in others for held in group]
    said = "; ".join(f"{_names(group)} {'say' if len(group) > 1 else 'says'} {_label(group)}" for group in opinions)
    kinds = Counter(held.defect for group in opinions for held in group)
    what = "types" if len(kinds) > 1 else "masks"
    rest = (*(held.name for held in odd[1:]), *(held.name for held in common))
    why = f"{count} photos of one spot, {what} differ: {said}."
    return Finding("exposures", odd[0].name, why, rest, len(odd) / count)


def _label(group: Sequence[Held]) -> str:
    areas = sorted(int(held.mask.sum()) for held in group)
    marked = f"{areas[len(areas) // 2]:,} px" if areas[-1] else "nothing marked"
    return f"{group[0].defect}, {marked}"


def _names(group: Sequence[Held]) -> str:
    named = ", ".join(held.name for held in group[:_NAMED])
    return named if len(group) <= _NAMED else f"{named} and {len(group) - _NAMED} more"
