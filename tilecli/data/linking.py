"""Which of many hashes lie near each other, without looking at every pair: exactly what all pairs would give.

Near in bits alone: multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with
Multi-Index Hashing", TPAMI 2014). Of two hashes that differ in fewer than 3·m bits, one of m separate groups of bits
differs in at most two; so for each group those with the same bits there, or with any one or two of them turned, are
looked up in a table, and only what is found is compared in full. Near in bits and in burst number: numbers are sorted,
and each photo is compared with those that follow it closely enough.

Links are kept as `first`: for each photo the lowest index of all it is linked to, directly or through others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tilecli.data.hashing import SIDE, WORDS, Words, blocks, distances

Indices = npt.NDArray[np.intp]

_FEW = 4000  # photos; below, all pairs are quicker than the tables
_TURNED = 2  # bits within a group that may differ; `_Table.pairs` is written for it
_GROUP_BITS = 20  # a table of 2^20 places: a few MB, and 100,000 photos are spread thinly over it
_LEAST_GROUP_BITS = 16  # with fewer, too much is found by chance
_LOOKED_AGAIN = (4, 6, WORDS - 1)  # words after which pairs that differ too much already are dropped
_AT_ONCE = 2**16  # pairs compared at once: what is known of them stays in the processor's cache
_NONE = -1


def link_near(hashes: Words, most_bits: int, first: Indices) -> None:
    """Link, in place, what differs in fewer than `most_bits`; `hashes` N×16, `first` N indices."""
    groups = -(-most_bits // (_TURNED + 1))
    width = min(_GROUP_BITS, SIDE * SIDE // max(groups, 1))
    if len(hashes) < _FEW or width < _LEAST_GROUP_BITS:
        for block in blocks(len(hashes), len(hashes)):
            rows, columns = np.nonzero(distances(hashes[block], hashes[block.start :]) < most_bits)
            join(first, rows + block.start, columns + block.start)
        return
    words = list(np.ascontiguousarray(hashes.T))
    # What shares all bits of a group is most often of one spot: linked at once, it need not be compared pair by pair.
    for keys in _keys(hashes, groups, width):
        _link_pairs(words, most_bits, first, *_Table(keys, width).with_first())
    for keys in _keys(hashes, groups, width):
        for left, right in _Table(keys, width).pairs(first):
            _link_pairs(words, most_bits, first, left, right)


def link_burst(
    hashes: Words, numbers: npt.NDArray[np.float64], most_bits: int, most_apart: float, first: Indices
) -> None:
    """Link, in place, what differs in fewer than `most_bits` and has burst numbers less than `most_apart` apart."""
    order = np.argsort(numbers, kind="stable")
    order = order[~np.isnan(numbers[order])]
    ordered = numbers[order]
    start = np.arange(1, len(order) + 1)
    length = np.searchsorted(ordered, ordered + most_apart, side="left") - start
    words = list(np.ascontiguousarray(hashes.T))
    for left, right in _expand(np.arange(len(order)), start, np.maximum(length, 0)):
        _link_pairs(words, most_bits, first, order[left], order[right])


def join(first: Indices, left: Indices, right: Indices) -> None:
    """Make each pair of `left` and `right` one, in place: everything that either belongs to gets the lowest index."""
    while True:
        one, other = first[left], first[right]
        apart = one != other
        if not apart.any():
            return
        left, right, one, other = left[apart], right[apart], one[apart], other[apart]
        np.minimum.at(first, np.maximum(one, other), np.minimum(one, other))
        while True:
            further = first[first]
            if np.array_equal(further, first):
                break
            first[:] = further


class _Table:
    """Photos by one group of bits: those with equal bits lie side by side."""

    def __init__(self, keys: npt.NDArray[np.int32], width: int) -> None:
        self._width = width
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]  # sorted
        self._end = _run_ends(self._keys)
        self._start = np.full(2**width, _NONE, np.int32)  # of the photos with a key, where there are any
        begin = np.flatnonzero(np.diff(self._keys, prepend=-1))
        self._start[self._keys[begin]] = begin
        self._taken = self._start != _NONE

    def with_first(self) -> tuple[Indices, Indices]:
        """Each photo with the first of those that share its bits."""
        return self._order, self._order[self._start[self._keys]]

    def pairs(self, first: Indices) -> Iterator[tuple[Indices, Indices]]:
        """Pairs that differ in at most two bits of the group, each once, some at a time; not what is linked already."""
        place = np.arange(len(self._keys))
        yield from self._meet(place, place + 1, self._end, first)
        for bit in range(self._width):
            # Of two that differ in that bit, one has it at 0: asked from there, a pair is found once.
            asking = np.flatnonzero((self._keys >> bit) & 1 == 0)
            turns = np.array([1 << bit, *(1 << bit | 1 << lower for lower in range(bit))], np.int32)
            wanted = self._keys[asking] ^ turns[:, None]
            place = np.flatnonzero(self._taken[wanted])
            start, place = self._start[wanted.ravel()[place]], asking[place % max(len(asking), 1)]
            yield from self._meet(place, start, self._end[start], first)

    def _meet(self, place: Indices, start: Indices, end: Indices, first: Indices) -> Iterator[tuple[Indices, Indices]]:
        """Each place with those from `start` to `end`, but for places that are linked to all of these."""
        found = np.flatnonzero(end > start)
        place, start, end = place[found], start[found], end[found]
        own = first[self._order]
        alike = (own[start] == own[place]) & (_run_ends(own)[start] >= end)
        left = np.flatnonzero(~alike)
        for one, other in _expand(place[left], start[left], (end - start)[left]):
            yield self._order[one], self._order[other]


def _run_ends(values: npt.NDArray[np.integer]) -> Indices:
    """For each value the end of the run of equal ones that it lies in."""
    ends = np.append(np.flatnonzero(np.diff(values)) + 1, len(values))
    return np.repeat(ends, np.diff(ends, prepend=0))


def _keys(hashes: Words, groups: int, width: int) -> Iterator[npt.NDArray[np.int32]]:
    """Per group, the `width` bits of each photo as a number. Bits of a group lie far apart: neighbours are alike."""
    for group in range(groups):
        keys = np.zeros(len(hashes), np.int32)
        for bit in range(width):
            place = group + bit * groups
            keys |= ((hashes[:, place // 64] >> np.uint64(place % 64)) & np.uint64(1)).astype(np.int32) << bit
        yield keys


def _expand(left: Indices, start: Indices, length: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each of `left` with start, start + 1 … start + length − 1, as pairs, a bounded number at a time."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    for begin in range(0, total, _AT_ONCE):
        number = np.arange(begin, min(total, begin + _AT_ONCE))
        row = np.searchsorted(ends, number, side="right")
        yield left[row], start[row] + number - (ends[row] - length[row])


def _link_pairs(words: list[Words], most_bits: int, first: Indices, left: Indices, right: Indices) -> None:
    """Link those of the pairs that are near; `words` holds each of the hashes' words for all photos."""
    for begin in range(0, len(left), _AT_ONCE):
        one, other = left[begin : begin + _AT_ONCE], right[begin : begin + _AT_ONCE]
        apart = first[one] != first[other]
        one, other = one[apart], other[apart]
        bits = np.zeros(len(one), np.uint16)
        for number, word in enumerate(words):
            bits += np.bitwise_count(word[one] ^ word[other])
            if number in _LOOKED_AGAIN:
                near = bits < most_bits
                one, other, bits = one[near], other[near], bits[near]
        join(first, one, other)
