"""Photos of one spot judged together: registered to each other, one verdict for the spot, a mask for each photo.

What one exposure hides another shows, and chance differs from one to the next, so the mean of their logits knows more
than any of them. NumPy, OpenCV and the engine only.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tilecli import progress
from tilecli.data.hashing import take_prints
from tilecli.data.preprocess import Float32, Uint8, read_photo
from tilecli.data.registration import Shift, mean_over, register
from tilecli.data.tiles import TILE, burst_numbers, link
from tilecli.errors import DataError, UsageError
from tilecli.inference import types
from tilecli.inference.logits import logit
from tilecli.inference.predictor import Prediction, Predictor
from tilecli.inference.regions import score_of


def predict_spot(predictor: Predictor, paths: Sequence[Path]) -> list[Prediction]:
    """`judge_spot` for image files; raises DataError where one cannot be read."""
    start = time.perf_counter()
    photos = [read_photo(path, predictor.bundle.input.channels) for path in paths]
    ms = (time.perf_counter() - start) * 1e3 / max(1, len(photos))
    return [replace(p, ms=p.ms + ms) for p in judge_spot(predictor, [path.name for path in paths], photos)]


def judge_spot(predictor: Predictor, names: Sequence[str], photos: Sequence[Uint8]) -> list[Prediction]:
    """One prediction per photo of a spot, in order: each its own mask of what all of them show, one score and verdict.

    photos: H×W×C, of the bundle's channels. One that does not lie over the first shows another spot, whoever says
    otherwise: it is judged with those that it lies over, or alone, and named. The time is shared by the photos.
    """
    start = time.perf_counter()
    maps = [predictor.maps(photo) for photo in photos]
    found: dict[int, Prediction] = {}
    rest = list(range(len(photos)))
    while rest:
        shifts = [Shift(0, 0, 1.0), *(register(photos[rest[0]], photos[i]) for i in rest[1:])]
        together = [(i, shift) for i, shift in zip(rest, shifts, strict=True) if shift.is_sure]
        fused, score = fuse([maps[i] for i, _ in together], [s for _, s in together], predictor.bundle.min_area_px)
        for (i, _), own in zip(together, fused, strict=True):
            found[i] = replace(predictor.judge(own, score), together=len(together))
        if len(together) < len(rest):
            others = ", ".join(names[i] for i in rest if i not in found)
            progress.warn(f"not the spot that {names[rest[0]]} shows, and not judged with it: {others}")
        rest = [i for i in rest if i not in found]
    ms = (time.perf_counter() - start) * 1e3 / max(1, len(photos))
    return [replace(found[i], ms=ms) for i in range(len(photos))]


def fuse(maps: Sequence[Float32], shifts: Sequence[Shift], min_area_px: int) -> tuple[list[Float32], float]:
    """K×H×W or H×W probabilities of photos of one spot → the mean of the logits for each, and the score of the spot.

    shifts: of each photo against the first.
    """
    if len(maps) == 1:
        return [maps[0]], score_of(types.defect_map(maps[0]), min_area_px)
    cut, whole = mean_over([logit(values) for values in maps], shifts)
    return [_probability(values) for values in cut], score_of(types.defect_map(_probability(whole)), min_area_px)


def spots_by_name(paths: Sequence[Path], pattern: str) -> list[list[int]]:
    """Indices of the photos whose paths have the same text where `pattern` (its first group, if it has one) fits.

    A photo that it does not fit is a spot of its own. Raises UsageError where it is no regular expression.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"'{pattern}' is no regular expression: {error}", where="--fuse-by") from error
    groups: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        fits = compiled.search(path.as_posix())
        name = f"={fits[1 if compiled.groups else 0]}" if fits else f"/{index}"
        groups.setdefault(name, []).append(index)
    return list(groups.values())


def spots_by_looks(paths: Sequence[Path]) -> list[list[int]]:
    """Indices of the photos that show one spot by the rule of `tilecli.data.tiles`; what is no photo is alone."""
    readable = [index for index, path in enumerate(paths) if _is_photo(path)]
    groups: dict[int, list[int]] = {index: [index] for index in range(len(paths)) if index not in set(readable)}
    if readable:
        chosen = [paths[index] for index in readable]
        (first,) = link(take_prints(chosen).hashes, burst_numbers([path.stem for path in chosen]), (TILE,))
        for index, other in zip(readable, first.tolist(), strict=True):
            groups.setdefault(readable[other], []).append(index)
    return sorted(groups.values())


def _is_photo(path: Path) -> bool:
    try:
        read_photo(path, 1)
    except DataError:
        return False
    return True


def _probability(logits: Float32) -> Float32:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)
