"""What a probability map says about a photo: mask, regions, verdict, score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilecli.data.preprocess import Float32, Uint8
from tilecli.evaluation.objects import components, mean_inside

Verdict = Literal["defect", "uncertain", "good"]


@dataclass(frozen=True)
class Region:
    """One 8-connected region of the mask."""

    box: tuple[int, int, int, int]  # x, y, width, height in px of the photo
    area_px: int
    mean_probability: float
    type: str | None = None  # the likeliest over all its pixels; None where the bundle tells no types apart
    type_probability: float | None = None  # mean of that type's own map over the region

    def named(self, digits: int) -> dict[str, Any]:
        """What it says of its type, ready for JSON; nothing where no types are told apart."""
        if self.type is None or self.type_probability is None:
            return {}
        return {"type": self.type, "type_probability": round(self.type_probability, digits)}


def find_regions(mask: Uint8, probability: Float32) -> list[Region]:
    """Every region of an H×W mask of 0 and 1, the largest first."""
    found = components(mask)
    means = mean_inside(found, probability)
    order = np.argsort(-found.areas, kind="stable")
    return [
        Region(
            (int(found.boxes[i, 0]), int(found.boxes[i, 1]), int(found.boxes[i, 2]), int(found.boxes[i, 3])),
            int(found.areas[i]),
            float(means[i]),
        )
        for i in order
    ]


def score_of(probability: Float32, min_area_px: int) -> float:
    """How defective a photo looks, 0–1: the `min_area_px`-th largest probability of an H×W map.

    It is the highest threshold at which as many pixels would be defect as a verdict needs. A maximum would follow
    single pixels; a mean would miss small defects on large photos.
    """
    values = probability.ravel()
    rank = min(min_area_px, values.size)
    return float(np.partition(values, values.size - rank)[values.size - rank])


def verdict_of(score: float, verdict_threshold: float, uncertain_from: float | None = None) -> Verdict:
    """`defect` from `verdict_threshold` on: when that many pixels reach it. Below, `uncertain` from `uncertain_from`
    on, where there is one: a person should look at the photo.
    """
    if score >= np.float32(verdict_threshold):
        return "defect"
    return "uncertain" if uncertain_from is not None and score >= np.float32(uncertain_from) else "good"
