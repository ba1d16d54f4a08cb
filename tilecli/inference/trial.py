"""One precision tried on validation photos: the calibration and thresholds it wants, and whether its masks are the
checkpoint's.

How these follow from figures is the affair of `calibration` and `threshold`, how masks are compared `parity`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tilecli import files, histogram, overlap, progress
from tilecli.config import ExportParams
from tilecli.data import catalog
from tilecli.data.catalog import Photo
from tilecli.data.preprocess import read_photo
from tilecli.evaluation.reliability import calibration_error
from tilecli.inference import calibration, onnx_file, parity, threshold
from tilecli.inference.band import Band, choose_band, photos_needed
from tilecli.inference.bundle import Bundle
from tilecli.inference.calibration import IDENTITY, Calibration
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
class Fitted:
    """A calibration and what it does to the expected calibration error over the photos' pixels."""

    calibration: Calibration
    origin: str  # params, valid or default
    error_before: float
    error_after: float


@dataclass(frozen=True)
class Trial:
    """A bundle at one precision, with what was chosen for it and how it compares with the checkpoint."""

    bundle: Bundle
    fitted: Fitted
    pixels: Choice
    verdict: Choice
    band: Band | None  # of scores that are uncertain; None where none was asked for
    agreement: Agreement
    flips: dict[str, float | None] | None  # best Dice without copies of photos and with; None where there are none


@dataclass(frozen=True)
class Measured:
    """What a bundle's model answers to photos, before any calibration."""

    counts: histogram.Int64  # 2×BINS pixels, see `histogram.count`
    scores: histogram.Float64  # per photo
    defective: list[bool]  # likewise


def try_bundle(
    plain: Bundle, folder: Path, network: Any, params: ExportParams, photos: Sequence[Photo], dataset: Path
) -> Trial:
    """Fit the calibration of `plain`, a bundle without any, choose thresholds on all `photos`, write the calibrated
    model into `folder`, and compare its masks on some photos with those of `network` (torch, giving logits).
    """
    from tilecli.inference.torch_engine import TorchEngine

    engine = open_engine(plain, throughput=True, keep_compiled=False)
    measured = measure(plain, engine, photos, dataset)
    once = measure(replace(plain, flips=1), engine, photos, dataset) if plain.flips > 1 else None
    fitted = fit_calibration(measured, params)
    pixels, verdict = choose_thresholds(measured, fitted.calibration, params)
    band = find_band(measured, fitted.calibration, params, pixels, verdict)
    bundle = replace(plain, folder=folder, calibration=fitted.calibration)
    low, high = (band.low, band.high) if band is not None else (params.uncertain_from, verdict.threshold)
    bundle = replace(bundle, threshold=pixels.threshold, verdict_threshold=high)
    bundle = replace(bundle, uncertain_from=low if low is not None and low < high else None)
    onnx_file.bake(plain.model, fitted.calibration, bundle.model)
    bundle = replace(bundle, model_sha256=files.sha256(bundle.model))

    chosen = spread(photos, COMPARED_PHOTOS)
    decoded = (read_photo(dataset / photo.image, bundle.input.channels) for photo in chosen)
    tracked = progress.track(decoded, f"compare {bundle.precision} with the checkpoint", len(chosen), "photos")
    first = Predictor(bundle, TorchEngine(network, device="cpu", calibration=fitted.calibration))
    second = Predictor(bundle, open_engine(bundle, throughput=True, keep_compiled=False))
    agreement = parity.mask_agreement(first.maps, second.maps, tracked, bundle.threshold)
    gain = None
    if once is not None:
        before, after = (threshold.choose_threshold(seen.counts).reached for seen in (once, measured))
        gain = {"dice_before": before, "dice_after": after}
    return Trial(bundle, fitted, pixels, verdict, band, agreement, gain)


def spread(items: Sequence[T], most: int) -> Sequence[T]:
    """At most `most` of the items: one from each of as many equal stretches, the same at every call.

    From a random place in its stretch, because every n-th photo may be the same exposure of every tile.
    """
    if len(items) <= most:
        return items
    ends = [stretch * len(items) // most for stretch in range(most + 1)]
    return [items[place] for place in np.random.default_rng(0).integers(ends[:-1], ends[1:])]


def measure(bundle: Bundle, engine: Engine, photos: Sequence[Photo], dataset: Path) -> Measured:
    """Pixels and scores of `photos`, as `engine` runs the bundle."""
    predictor = Predictor(bundle, engine)

    def look(photo: Photo) -> tuple[histogram.Int64, float]:
        probability = predictor.probability(read_photo(dataset / photo.image, bundle.input.channels))
        truth = catalog.read_mask(dataset, photo)
        return histogram.count(probability, truth), score_of(probability, bundle.min_area_px)

    counts = np.zeros((2, histogram.BINS), np.int64)
    scores = []
    seen = overlap.ordered_map(look, photos, predictor.workers)
    for found, score in progress.track(seen, f"thresholds at {bundle.precision}", len(photos), "photos"):
        counts += found
        scores.append(score)
    return Measured(counts, np.asarray(scores, np.float64), [photo.defect != GOOD for photo in photos])


def fit_calibration(measured: Measured, params: ExportParams) -> Fitted:
    """The calibration that the pixels want; what `params` gives is taken as it is."""
    fitted = calibration.fit(measured.counts, params.temperature, params.shift)
    origin = "params"
    if params.temperature is None or params.shift is None:
        origin = "valid" if measured.counts.sum(axis=1).all() else "default"
    before, after = (
        calibration_error(measured.counts, given.probabilities(histogram.centres())) or 0.0
        for given in (IDENTITY, fitted)
    )
    return Fitted(fitted, origin, before, after)


def choose_thresholds(measured: Measured, fitted: Calibration, params: ExportParams) -> tuple[Choice, Choice]:
    """For pixels and for verdicts, of calibrated probabilities; those that `params` gives are taken as they are."""
    if params.threshold is not None:
        pixels = threshold.given(params.threshold)
    else:
        pixels = threshold.choose_threshold(measured.counts, fitted)
        if pixels.reached is None:
            progress.warn(f"no defect on the validation photos; the threshold is {pixels.threshold:g} unseen")
    if params.verdict_threshold is not None:
        return pixels, threshold.given(params.verdict_threshold)
    scores = fitted.probabilities(measured.scores)
    verdict = threshold.choose_verdict_threshold(scores, measured.defective, pixels.threshold)
    if verdict.reached is None:
        progress.warn(
            "the validation photos are all good or all defective; photos are judged by the threshold of pixels, "
            f"{verdict.threshold:g}"
        )
    return pixels, verdict


def find_band(
    measured: Measured, fitted: Calibration, params: ExportParams, pixels: Choice, verdict: Choice
) -> Band | None:
    """The band that `params` asks for: chosen so that errors outside of it are rare enough, or given."""
    if params.max_error is None and params.uncertain_from is None:
        return None
    scores = fitted.probabilities(measured.scores)
    high = params.verdict_threshold
    if params.max_error is None and high is None:
        high = verdict.threshold
    wanted = params.max_error or 0.0
    band = choose_band(
        scores, measured.defective, wanted, pixels.threshold, verdict.threshold, params.uncertain_from, high
    )
    if band is None:
        progress.warn("the validation photos are all good or all defective; they tell nothing of what is uncertain")
    elif params.uncertain_from is not None and band.low == band.high:
        progress.warn(
            f"export.uncertain_from is not below {band.high:g}, from which a photo is defective: none is uncertain"
        )
    elif params.max_error is not None and not band.promised:
        progress.warn(
            f"{len(measured.defective) - sum(measured.defective)} good and {sum(measured.defective)} defective "
            f"validation photos do not promise errors in at most {wanted:.1%} of new ones; it takes "
            f"{photos_needed(wanted)} of each kind and no surer mistakes",
            **band.as_dict(),
        )
    return band
