"""From K maps, one per type of defect, to one map of defect and one of types: the only place where that happens.

What is called defect, and how sure that is, comes from each pixel's likeliest type. So thresholds, calibration,
verdicts and every figure that knows only defect and good mean the same whether types are told apart or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tilecli.data.preprocess import Float32, Uint8
from tilecli.evaluation.objects import components, mean_inside
from tilecli.inference.regions import Region


def defect_map(maps: Float32) -> Float32:
    """K×H×W probabilities of types → H×W probability of any; an H×W map is one already."""
    if maps.ndim == 2:
        return maps
    return maps[0] if len(maps) == 1 else np.asarray(maps.max(axis=0), np.float32)


def label(maps: Float32, threshold: float) -> Uint8:
    """K×H×W (or H×W, for K of 1) → H×W: the number, from 1, of the likeliest type where it reaches the threshold; 0."""
    mask = np.asarray(defect_map(maps) >= np.float32(threshold), np.uint8)
    return mask if maps.ndim == 2 or len(maps) == 1 else mask * likeliest(maps)


def likeliest(maps: Float32) -> Uint8:
    """K×H×W → H×W: the number, from 1, of each pixel's likeliest type, however unlikely that is."""
    return np.asarray(maps.argmax(axis=0) + 1, np.uint8)


def name_regions(regions: Sequence[Region], mask: Uint8, maps: Float32, classes: Sequence[str]) -> list[Region]:
    """The regions of `mask`, see `regions.find_regions`, each with the type that is the likeliest over all its pixels.

    maps: K×H×W, in the order of `classes`.
    """
    found = components(mask)
    means = np.stack([mean_inside(found, values) for values in maps])
    order = np.argsort(-found.areas, kind="stable")
    named = []
    for region, place in zip(regions, order, strict=True):
        best = int(means[:, place].argmax())
        named.append(replace(region, type=classes[best], type_probability=float(means[best, place])))
    return named


def main_type(types: Uint8, classes: Sequence[str]) -> str | None:
    """The type of most pixels of an H×W map of numbers; None where nothing is marked."""
    pixels = np.bincount(types.ravel(), minlength=len(classes) + 1)[1:]
    return classes[int(pixels.argmax())] if pixels.any() else None
