"""Photos of one spot under other exposures, registered to each other, so that two crops show the same place.

Measured on the training photos of the real set: the photos of a tile are cropped each on its own, of 546 pairs four are
of one size, and half are shifted by 5 px or more. 534 of them register; fine texture then correlates at 0.88 (median),
before at 0.14. The others are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilecli.data.crops import Crop
from tilecli.data.photos import Held
from tilecli.data.registration import register
from tilecli.data.threads import in_threads


@dataclass(frozen=True)
class Sibling:
    """What is at (y, x) of a photo is at (y + down, x + right) of the photo `index`, px."""

    index: int
    down: int
    right: int


class Siblings:
    """Pairs of crops that show one place under two exposures."""

    def __init__(self, photos: Sequence[Held], size: int) -> None:
        """Register the photos of each tile; `size` is a crop's side, px."""
        self._size = size
        self._shapes = [held.mask.shape for held in photos]
        self.of = find_siblings(photos)

    def pair(self, crop: Crop, rng: np.random.Generator) -> tuple[Crop, Crop] | None:
        """The crop, moved as little as needed, and the same place of a sibling; None where there is none.

        Neither reaches beyond its photo, where no two exposures would agree.
        """
        known = self.of[crop.index]
        if not known:
            return None
        sibling = known[rng.integers(len(known))]
        (high, wide), (other_high, other_wide) = self._shapes[crop.index], self._shapes[sibling.index]
        y = _both(crop.y, high, other_high, sibling.down, self._size)
        x = _both(crop.x, wide, other_wide, sibling.right, self._size)
        if y is None or x is None:
            return None
        return Crop(crop.index, y, x), Crop(sibling.index, y + sibling.down, x + sibling.right)


def find_siblings(photos: Sequence[Held]) -> list[list[Sibling]]:
    """For each photo the other photos of its tile that register with it."""
    tiles: dict[str, list[int]] = {}
    for index, held in enumerate(photos):
        tiles.setdefault(held.tile, []).append(index)
    found: list[list[Sibling]] = [[] for _ in photos]
    several = [members for members in tiles.values() if len(members) > 1]
    groups = in_threads(lambda members: register_groups(photos, members), several, "register exposures", "tiles")
    for shifts in (shifts for of_tile in groups for shifts in of_tile):
        for index, (down, right) in shifts.items():
            for other, (other_down, other_right) in shifts.items():
                if other != index:
                    found[index].append(Sibling(other, other_down - down, other_right - right))
    return found


def register_groups(photos: Sequence[Held], members: Sequence[int]) -> list[dict[int, tuple[int, int]]]:
    """Photos of one tile that register with the first of them, with their shifts; then of the rest, and so on."""
    left, groups = list(members), []
    while left:
        first, rest = left[0], left[1:]
        group, left = {first: (0, 0)}, []
        for index in rest:
            shift = register(photos[first].photo, photos[index].photo)
            if shift.is_sure:
                group[index] = (shift.dy, shift.dx)
            else:
                left.append(index)
        groups.append(group)
    return groups


def _both(start: int, room: int, other_room: int, shift: int, size: int) -> int | None:
    """The start nearest to `start` of `size` px that lie in `room` px and, moved by `shift`, in `other_room` px."""
    first, last = max(0, -shift), min(room - size, other_room - size - shift)
    return min(max(start, first), last) if first <= last else None
