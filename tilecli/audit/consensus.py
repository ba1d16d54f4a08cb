"""How well labels agree with themselves: each photo's mask against what the other photos of its spot say.

No network can be told from a better one by labels that disagree more than the two do. What the other exposures say of a
photo is therefore judged as if a model had said it, by the figures of `tilecli.evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tilecli.audit.spots import OUTSIDE, Spot, moved
from tilecli.evaluation import bootstrap, metrics
from tilecli.evaluation.records import Record
from tilecli.layout import GOOD

_RESAMPLES, _SEED = 1000, 0


def others_say(spot: Spot) -> Iterator[Record]:
    """For each photo of the spot the majority of the others, of those that show a pixel; half of them is enough.

    `predicted` is theirs, `true` the photo's own; pixels that no other photo shows are left out of both.
    """
    if len(spot.shifts) < 2:
        return
    for index, (down, right) in spot.shifts.items():
        own = spot.held[index]
        others = np.stack(
            [
                moved(spot.held[other].mask, (other_down - down, other_right - right), own.mask.shape)
                for other, (other_down, other_right) in spot.shifts.items()
                if other != index
            ]
        )
        shown, marked = (others != OUTSIDE).sum(axis=0), (others == 1).sum(axis=0)
        if not shown.any():
            continue
        true, said = (own.mask > 0) & (shown > 0), (2 * marked >= shown) & (marked > 0)
        yield Record(
            photo=own.name,
            tile=own.tile,
            defect=own.defect,
            intersection_px=int((true & said).sum()),
            predicted_px=int(said.sum()),
            true_px=int(true.sum()),
            pixels=int((shown > 0).sum()),
            score=float(said.any()),
            verdict="defect" if said.any() else GOOD,
            defects=0,
            found=0,
            touched=0,
            ms=0.0,
        )


def agreement_table(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Per type, then over all: photos, tiles, Dice pooled and per photo of a defect type, and the interval over tiles.

    Empty where no spot that has a mask has several photos.
    """
    types = sorted({record.defect for record in records if not record.is_good})
    groups = [(name, [record for record in records if record.defect == name]) for name in types]
    return [_row(name, of) for name, of in [*groups, ("all", records)] if any(record.true_px for record in of)]


def _row(name: str, records: Sequence[Record]) -> dict[str, Any]:
    found, ends = metrics.figures(records), bootstrap.intervals(records, _RESAMPLES, _SEED)
    return {
        "type": name,
        "photos": len(records),
        "tiles": len({record.tile for record in records}),
        "dice_mean": found["dice_mean"],
        "dice_mean_95": list(ends["dice_mean"]) if "dice_mean" in ends else None,
        "dice_photo": found["dice_photo"],
        "dice_photo_95": list(ends["dice_photo"]) if "dice_photo" in ends else None,
    }
