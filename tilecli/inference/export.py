"""From the checkpoint to the bundle that is deployed, and the proof that they agree.

The ONNX file is written by `tilecli.inference.onnx_file`, the threshold chosen by `tilecli.inference.threshold`, the
comparison made by `tilecli.inference.parity`; this module decides what is deployed. Needs the [train] extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tilecli import files, overlap, progress
from tilecli.config import ExportParams, Params
from tilecli.data import catalog, manifest
from tilecli.data.catalog import Photo
from tilecli.data.preprocess import InputContract, read_photo
from tilecli.errors import MissingExtraError, ModelError
from tilecli.evaluation import histogram
from tilecli.inference import onnx_file, parity, provenance, threshold
from tilecli.inference.bundle import Bundle, Precision, write_bundle
from tilecli.inference.engines import Engine, cpu_has_bf16, open_engine
from tilecli.inference.parity import Agreement
from tilecli.inference.predictor import Predictor
from tilecli.inference.regions import score_of
from tilecli.inference.threshold import Choice
from tilecli.layout import GOOD, Project

# The checkpoint runs in fp32 in plain torch, at a fifth of the bundle's speed; this many photos bound the wait.
COMPARED_PHOTOS = 64
# A size that the exported graph handles rightly differs by rounding only: 7e-5 at worst over smp's architectures.
_SAME = 2e-3


@dataclass(frozen=True)
class Trial:
    """One precision, tried on the validation photos."""

    bundle: Bundle
    pixels: Choice
    verdict: Choice
    agreement: Agreement


def export_bundle(project: Project, params: Params) -> Bundle:
    """Write `models/bundle` from the best checkpoint; a bundle that was there stays until the new one is whole.

    Raises ModelError, with figures, where the bundle's masks differ from the checkpoint's at every precision allowed.
    """
    try:
        from tilecli.learning.checkpoint import load_network
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error

    network, facts = load_network(project.checkpoints / "best.ckpt")
    contract = provenance.read_contract(facts["input"])
    photos = _check_photos(project)
    with files.whole_folder(project.bundle) as folder:
        bundle = export_network(network, contract, params.export, photos, project.dataset, folder)
        bundle = replace(bundle, training=provenance.training_facts(project, facts))
        write_bundle(bundle)
    return replace(bundle, folder=project.bundle)


def export_network(
    network: Any,
    contract: InputContract,
    params: ExportParams,
    photos: Sequence[Photo],
    dataset: Path,
    folder: Path,
) -> Bundle:
    """Export `network` (a torch module giving logits) into `folder` and decide precision and thresholds on `photos`.

    Writes model.onnx and bundle.json, the latter without training facts.
    """
    from tilecli.inference.torch_engine import TorchEngine

    with progress.task("export"):
        bundle = Bundle(folder, contract, threshold.DEFAULT, threshold.DEFAULT, params.min_area_px)
        onnx_file.write_onnx(network, contract, bundle.model)
        bundle = replace(bundle, model_sha256=files.sha256(bundle.model))
    reference = TorchEngine(network, device="cpu")
    _check_sizes(reference, open_engine(bundle, precision="f32", keep_compiled=False), contract)

    tried: list[Trial] = []
    for precision in _precisions(params):
        candidate = replace(bundle, precision=precision)
        engine = open_engine(candidate, throughput=True, keep_compiled=False)
        pixels, verdict = _thresholds(candidate, engine, params, photos, dataset)
        candidate = replace(candidate, threshold=pixels.threshold, verdict_threshold=verdict.threshold)
        trial = Trial(candidate, pixels, verdict, _agreement(candidate, reference, engine, photos, dataset))
        tried.append(trial)
        if trial.agreement.dice >= params.min_agreement:
            return _accept(trial, tried, params)
        progress.warn(_disagreement(trial, params), **asdict(trial.agreement))
    raise ModelError(
        f"refused: {_disagreement(tried[-1], params)}",
        where="export.min_agreement",
        hint="tiles train for longer, or -S export.min_agreement=… to accept it",
    )


def _accept(trial: Trial, tried: list[Trial], params: ExportParams) -> Bundle:
    refused = {t.bundle.precision: round(t.agreement.dice, 6) for t in tried[:-1]}
    agreement, pixels, verdict = trial.agreement, trial.pixels, trial.verdict
    checks = {
        "agreement": round(agreement.dice, 6),
        "agreement_photos": agreement.photos,
        "refused": refused,
        "threshold_from": _origin(params.threshold, pixels),
        "threshold_dice": pixels.reached,
        "threshold_plateau": list(pixels.plateau),
        "verdict_threshold_from": _origin(params.verdict_threshold, verdict),
        "verdict_threshold_accuracy": verdict.reached,
        "verdict_threshold_plateau": list(verdict.plateau),
    }
    bundle = replace(trial.bundle, checks=checks)
    fallen_back = " (fell back from bf16)" if refused else ""
    progress.note(
        f"bundle at {bundle.precision}{fallen_back}: masks agree with the checkpoint's at Dice {agreement.dice:.4f} "
        f"over {agreement.photos} photos; a pixel is defect from {bundle.threshold:g}, a photo from "
        f"{bundle.verdict_threshold:g}",
        precision=bundle.precision,
        threshold=bundle.threshold,
        verdict_threshold=bundle.verdict_threshold,
        **checks,
    )
    write_bundle(bundle)
    return bundle


def _origin(typed: float | None, choice: Choice) -> str:
    if typed is not None:
        return "params"
    return "valid" if choice.reached is not None else "default"


def _disagreement(trial: Trial, params: ExportParams) -> str:
    seen = trial.agreement
    return (
        f"masks at {trial.bundle.precision} differ from the checkpoint's: Dice {seen.dice:.4f} over {seen.photos} "
        f"photos at threshold {trial.bundle.threshold:g} ({seen.reference_px} px by the checkpoint, {seen.other_px} px "
        f"by the bundle, {seen.intersection_px} px by both), wanted {params.min_agreement:g}"
    )


def _precisions(params: ExportParams) -> list[Precision]:
    """What to try, the preferred first."""
    if params.precision == "f32":
        return ["f32"]
    if cpu_has_bf16():
        return ["bf16", "f32"]
    if params.precision == "bf16":
        progress.warn("export.precision is bf16, which this CPU does not compute in; f32 is exported instead")
    return ["f32"]


def _check_sizes(reference: Engine, engine: Engine, contract: InputContract) -> None:
    worst = parity.largest_difference(reference, engine, contract)
    if not worst <= _SAME:  # written so that NaN fails
        raise ModelError(
            f"refused: the exported network answers differently at some photo sizes, by up to {worst:.3g}",
            hint="-S train.arch=compactunet, or another architecture",
        )


def _thresholds(
    bundle: Bundle, engine: Engine, params: ExportParams, photos: Sequence[Photo], dataset: Path
) -> tuple[Choice, Choice]:
    """For pixels and for verdicts."""
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


def _agreement(bundle: Bundle, reference: Engine, engine: Engine, photos: Sequence[Photo], dataset: Path) -> Agreement:
    chosen = _spread(photos, COMPARED_PHOTOS)
    pixels = (read_photo(dataset / photo.image, bundle.input.channels) for photo in chosen)
    tracked = progress.track(pixels, f"compare {bundle.precision} with the checkpoint", len(chosen), "photos")
    first, second = Predictor(bundle, reference), Predictor(bundle, engine)
    return parity.mask_agreement(first.probability, second.probability, tracked, bundle.threshold)


def _spread(items: Sequence[Photo], most: int) -> Sequence[Photo]:
    """At most `most` of the items, evenly spaced."""
    if len(items) <= most:
        return items
    return [items[i * len(items) // most] for i in range(most)]


def _check_photos(project: Project) -> list[Photo]:
    """The photos of the valid subset, type by type; those of the train subset where there is no valid one."""
    photos = {photo.photo: photo for photo in catalog.read_index(project.index)}
    rows = manifest.read_manifest(project.split)
    for subset in ("valid", "train"):
        found = [photos[row.photo] for row in rows if row.subset == subset and row.photo in photos]
        if found:
            if subset == "train":
                progress.warn("there is no validation photo; threshold and agreement are measured on training photos")
            return sorted(found, key=lambda photo: (photo.defect, photo.photo))
    raise ModelError("there is no photo to check the bundle on", where=str(project.split), hint="tiles split")
