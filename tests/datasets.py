"""Photos, tiles and families to split, as records without files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from tilecli.config import SplitParams
from tilecli.data.assign import Split, assign
from tilecli.data.earlier import Record
from tilecli.data.manifest import Assigned
from tilecli.errors import DataError

TYPES = ("good", "blowhole", "crack", "uneven")


def photos(tile: str, defect: str, count: int = 1, family: str = "") -> list[Record]:
    """`count` photos of one tile."""
    return [Record(f"{tile}-{n}", tile, defect, family or tile, f"{tile}-{n}!") for n in range(count)]


def many(**tiles: int) -> list[Record]:
    """`crack=3` is three tiles of two photos each."""
    return [r for kind, count in tiles.items() for n in range(count) for r in photos(f"{kind}{n:03}", kind, 2)]


@st.composite
def datasets(draw: st.DrawFn, prefix: str = "t") -> list[Record]:
    """Some forty tiles of one to six photos, some of them in families, some with photos of two types."""
    records = []
    for number in range(draw(st.integers(12, 40))):
        kind = draw(st.sampled_from(TYPES))
        family = draw(st.sampled_from(["", f"{prefix}{number - 1}"])) if number % 5 == 4 else ""
        for index, record in enumerate(photos(f"{prefix}{number}", kind, draw(st.integers(1, 6)), family)):
            records.append(replace(record, defect="good") if index == 3 else record)
    return records


def attempt(records: Sequence[Record], params: SplitParams, previous: Sequence[Assigned] = ()) -> Split:
    """The split; a draw that is too small for one is no example."""
    try:
        return assign(records, params, previous)
    except DataError:
        assume(False)
        raise
