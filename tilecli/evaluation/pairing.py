"""Which photos two evaluations have in common: measured on the same photo against the same truth."""

from __future__ import annotations

from collections.abc import Sequence

from tilecli.evaluation.records import Record

_NAMED = 3  # photos named in a refusal


def why_not(a: Sequence[Record], b: Sequence[Record], names: tuple[str, str] = ("A", "B")) -> str | None:
    """Why the two cannot be compared photo by photo, in words; None where they can."""
    for side, name in zip((a, b), names, strict=True):
        if not side:
            return f"{name} was tested on no photo"
        seen = [record.photo for record in side]
        if len(set(seen)) < len(seen):
            return f"{name} lists a photo twice: {_few(sorted({photo for photo in seen if seen.count(photo) > 1}))}"
    mine, other = ({record.photo: record for record in side} for side in (a, b))
    parts = [
        f"{len(lone)} only by {name} ({_few(sorted(lone))})"
        for lone, name in ((mine.keys() - other.keys(), names[0]), (other.keys() - mine.keys(), names[1]))
        if lone
    ]
    if parts:
        shared = len(mine.keys() & other.keys())
        return f"they were tested on different photos: {', '.join(parts)}, {shared} by both"
    for what, facts in (
        ("defect type", lambda r: r.defect),
        ("tile", lambda r: r.tile),
        ("size in pixels", lambda r: r.pixels),
        ("true mask", lambda r: (r.true_px, r.defects)),
    ):
        unlike = sorted(photo for photo in mine if facts(mine[photo]) != facts(other[photo]))
        if unlike:
            return f"the {what} of {len(unlike)} of the {len(mine)} photos is not the same in both ({_few(unlike)})"
    return None


def _few(photos: Sequence[str]) -> str:
    more = len(photos) - _NAMED
    return ", ".join(photos[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def shared(rows: Sequence[Record], others: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """The rows of the photos on which both were measured against the same truth, in the same order."""
    twins = {row.photo: row for row in others}
    pairs = [(row, twins[row.photo]) for row in rows if row.photo in twins]
    pairs = [(row, twin) for row, twin in pairs if _truth(row) == _truth(twin)]
    return [row for row, _ in pairs], [twin for _, twin in pairs]


def _truth(row: Record) -> tuple[object, ...]:
    return row.defect, row.tile, row.pixels, row.true_px, row.defects
