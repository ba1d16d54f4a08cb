"""Links found through tables and sorted numbers are exactly those that comparing every pair finds."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from tilecli.data import linking, tiles
from tilecli.data.hashing import Words, distances

BITS = 1024
Numbers = npt.NDArray[np.float64]


def chains(seed: int, spots: int, most_turned: int, share: float = 0.5) -> tuple[Words, Numbers]:
    """Spots of six photos, each up to `most_turned` bits from the one before; `share` of all bits are 1."""
    rng = np.random.default_rng(seed)
    rows, numbers = [], []
    for spot in range(spots):
        bits = rng.random(BITS) < share
        for step in range(6):
            turned = rng.choice(BITS, rng.integers(most_turned + 1), replace=False)
            bits = bits.copy()
            bits[turned] ^= True
            rows.append(bits)
            numbers.append(math.nan if rng.random() < 0.2 else spot * 200.0 + 30 * step)
    order = rng.permutation(len(rows))
    return np.packbits(np.array(rows)[order], axis=1).view(np.uint64), np.array(numbers)[order]


def by_every_pair(hashes: Words, numbers: Numbers, rule: tiles.Rule) -> list[int]:
    bits = distances(hashes, hashes)
    apart = np.abs(numbers[:, None] - numbers[None, :])
    linked = np.zeros(bits.shape, bool)
    for most_bits, most_apart in rule:
        linked |= (bits < most_bits) & ((apart < most_apart) | math.isinf(most_apart))
    first = list(range(len(hashes)))
    for index in range(len(hashes)):
        members, waiting = {index}, [index]
        while waiting:
            for other in np.flatnonzero(linked[waiting.pop()]).tolist():
                if other not in members:
                    members.add(other)
                    waiting.append(other)
        first[index] = min(members)
    return first


@pytest.mark.parametrize(("most_turned", "share"), [(149, 0.5), (160, 0.5), (320, 0.5), (40, 0.03), (1, 0.0)], ids=str)
def test_tables_find_what_every_pair_gives(monkeypatch: pytest.MonkeyPatch, most_turned: int, share: float) -> None:
    hashes, numbers = chains(most_turned, 40, most_turned, share)
    rules = (tiles.TILE, tiles.FAMILY)
    expected = [by_every_pair(hashes, numbers, rule) for rule in rules]
    assert [first.tolist() for first in tiles.link(hashes, numbers, rules)] == expected
    monkeypatch.setattr(linking, "_FEW", 0)
    monkeypatch.setattr(linking, "_AT_ONCE", 97)
    assert [first.tolist() for first in tiles.link(hashes, numbers, rules)] == expected


@pytest.mark.parametrize(("turned", "same"), [(149, True), (150, False)])
def test_tables_know_the_last_bit(monkeypatch: pytest.MonkeyPatch, turned: int, same: bool) -> None:
    monkeypatch.setattr(linking, "_FEW", 0)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        bits = rng.random((2, BITS)) < 0.5
        bits[1] = bits[0]
        # Spread over the bits as badly as can be: three in each group.
        bits[1, rng.permutation(150)[:turned] if seed % 2 else rng.choice(BITS, turned, replace=False)] ^= True
        first = np.arange(2)
        linking.link_near(np.packbits(bits, axis=1).view(np.uint64), 150, first)
        assert bool(first[0] == first[1]) is same


def test_join_takes_the_lowest_of_all() -> None:
    first = np.arange(7)
    linking.join(first, np.array([6, 5, 2]), np.array([5, 2, 4]))
    assert first.tolist() == [0, 1, 2, 3, 2, 2, 2]


def test_thousands_of_one_spot_are_not_compared_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = linking._link_pairs
    monkeypatch.setattr(linking, "_link_pairs", lambda *given: (compared.append(len(given[-1])), real(*given)))
    hashes, _ = chains(3, 1, 10)
    hashes = np.repeat(hashes, 1000, axis=0)
    first = np.arange(len(hashes))
    linking.link_near(hashes, 150, first)
    assert not first.any()
    assert sum(compared) < 60 * len(hashes)  # every pair: 3,000 for each
