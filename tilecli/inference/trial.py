"""One precision tried on validation photos: the thresholds it wants, and whether its masks are the checkpoint's.

How thresholds follow from figures is `threshold`'s affair, how masks are compared `parity`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from tilecli import histogram, overlap, progress
from tilecli.config import ExportParams
from tilecli.data import catalog
from tilecli.data.catalog import Photo
from tilecli.data.preprocess import read_photo
from tilecli.inference import parity, threshold
from tilecli.inference.bundle import Bundle
from tilecli.inference.engines import Engine, open_engine
from tilecli.inference.parity import Agreement
from tilecli.inference.predictor import Predictor
from tilecli.inference.regions import score_of
from tilecli.inference.threshold import Choice
from tilecli.layout import GOOD

T = TypeVar("T")

# The checkpoint runs in fp32 in plain torch, at a fifth of the bundle's speed; this many photos bound the wait.
COMPARED_PHOTOS = 64


@dataclass(frozen=True)
class Trial:
    """A bundle at one precision, with the thresholds chosen for it and how it compares with the checkpoint."""

    bundle: Bundle
    pixels: Choice
    verdict: Choice
    agreement: Agreement


def try_bundle(
    bundle: Bundle, checkpoint: Engine, params: ExportParams, photos: Sequence[Photo], dataset: Path
) -> Trial:
    """Choose thresholds for `bundle` on all `photos`, and compare its masks with the checkpoint's on some."""
    engine = open_engine(bundle, throughput=True, keep_compiled=False)
    pixels, verdict = measure_thresholds(bundle, engine, params, photos, dataset)
    bundle = replace(bundle, threshold=pixels.threshold, verdict_threshold=verdict.threshold)
    chosen = spread(photos, COMPARED_PHOTOS)
    decoded = (read_photo(dataset / photo.image, bundle.input.channels) for photo in chosen)
    tracked = progress.track(decoded, f"compare {bundle.precision} with the checkpoint", len(chosen), "photos")
    first, second = Predictor(bundle, checkpoint), Predictor(bundle, engine)
    agreement = parity.mask_agreement(first.probability, second.probability, tracked, bundle.threshold)
    return Trial(bundle, pixels, verdict, agreement)


def spread(items: Sequence[T], most: int) -> Sequence[T]:
    """At most `most` of the items: one from each of as many equal stretches, the same at every call.

    From a random place in its stretch, because every n-th photo may be the same exposure of every tile.
    """
    if len(items) <= most:
        return items
    ends = [stretch * len(items) // most for stretch in range(most + 1)]
    return [items[place] for place in np.random.default_rng(0).integers(ends[:-1], ends[1:])]


def measure_thresholds(
    bundle: Bundle, engine: Engine, params: ExportParams, photos: Sequence[Photo], dataset: Path
) -> tuple[Choice, Choice]:
    """For pixels and for verdicts, as `engine` runs the bundle; those that `params` gives are taken as they are."""
    if params.threshold is not None and params.verdict_threshold is not None:
        return threshold.given(params.threshold), threshold.given(params.verdict_threshold)
    predictor = Predictor(bundle, engine)

    def measure(photo: Photo) -> tuple[histogram.Int64, float]:
        probability = predictor.probability(read_photo(dataset / photo.image, bundle.input.channels))
        return histogram.count(probability, catalog.read_mask(dataset, photo)), score_of(
            probability, params.min_area_px
        )

    counts = np.zeros((2, histogram.BINS), np.int64)
    scores = []
    measured = overlap.ordered_map(measure, photos, predictor.workers)
    for found, score in progress.track(measured, f"thresholds at {bundle.precision}", len(photos), "photos"):
        counts += found
        scores.append(score)
    if params.threshold is not None:
        pixels = threshold.given(params.threshold)
    else:
        pixels = threshold.choose_threshold(counts)
        if pixels.reached is None:
            progress.warn(f"no defect on the validation photos; the threshold is {pixels.threshold:g} unseen")
    if params.verdict_threshold is not None:
        return pixels, threshold.given(params.verdict_threshold)
    verdict = threshold.choose_verdict_threshold(scores, [photo.defect != GOOD for photo in photos], pixels.threshold)
    if verdict.reached is None:
        progress.warn(
            "the validation photos are all good or all defective; photos are judged by the threshold of pixels, "
            f"{verdict.threshold:g}"
        )
    return pixels, verdict
