"""From the checkpoint to the bundle that is deployed, and the proof that they agree.

The ONNX file is written by `tilecli.inference.onnx_file` and made int8 by `quantise`, the thresholds come from
`trial`, comparisons from `parity`, what a server needs besides from `reference` and `selftest`; this module decides
what is deployed. Needs the [train] extra.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tilecli import files, progress
from tilecli.config import ExportParams, Params
from tilecli.data import catalog, manifest
from tilecli.data.catalog import Photo
from tilecli.data.preprocess import InputContract
from tilecli.errors import MissingExtraError, ModelError
from tilecli.inference import onnx_file, parity, provenance, quantise, selftest, threshold
from tilecli.inference.bundle import BINARY, Bundle, Precision, format_of, read_bundle, write_bundle
from tilecli.inference.engines import Engine, cpu_has_bf16, open_engine
from tilecli.inference.predictor import Predictor, open_predictor
from tilecli.inference.reference import measure_reference
from tilecli.inference.threshold import Choice
from tilecli.inference.trial import Trial, spread, try_bundle
from tilecli.layout import GOOD, Project

# Scored for the reference: 30 per tenth, and seconds of work however large the dataset.
REFERENCE_PHOTOS = 300
# A size that the exported graph handles rightly differs by rounding only: 7e-5 at worst over smp's architectures.
_SAME = 2e-3


def export_bundle(project: Project, params: Params) -> Bundle:
    """Write `models/bundle` from the best checkpoint; a bundle that was there stays until the new one is whole.

    Raises ModelError, with figures, where the bundle's masks differ from the checkpoint's at every precision allowed,
    where int8 was asked for and costs too much, and where the finished bundle does not answer as it was measured.
    """
    try:
        from tilecli.learning.checkpoint import load_network
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error

    network, facts = load_network(project.checkpoints / "best.ckpt")
    contract = provenance.read_contract(facts["input"])
    classes = tuple(facts.get("classes", BINARY))
    photos, training = _check_photos(project), _photos(project, "train")
    with files.whole_folder(project.bundle) as folder:
        bundle = export_network(network, contract, params.export, photos, project.dataset, folder, training, classes)
        bundle = replace(bundle, training=provenance.training_facts(project, facts))
        bundle = _equip(bundle, photos, training or photos, project.dataset)
    return replace(bundle, folder=project.bundle)


def export_network(
    network: Any,
    contract: InputContract,
    params: ExportParams,
    photos: Sequence[Photo],
    dataset: Path,
    folder: Path,
    training: Sequence[Photo] = (),
    classes: tuple[str, ...] = BINARY,
) -> Bundle:
    """Export `network` (a torch module giving logits) into `folder` and decide precision and thresholds on `photos`.

    training: what int8 is calibrated on; `photos` where there are none. classes: what the network's maps are of.
    Writes model.onnx and bundle.json, the latter without training facts.
    """
    from tilecli.inference.torch_engine import TorchEngine

    with tempfile.TemporaryDirectory(prefix="tiles-") as name:
        plain = Bundle(Path(name), contract, threshold.DEFAULT, threshold.DEFAULT, params.min_area_px)
        plain = replace(plain, classes=classes, format_version=format_of(params.flips, classes))
        with progress.task("export"):
            onnx_file.write_onnx(network, contract, plain.model)
        if params.flips > 1:
            plain = replace(plain, flips=params.flips)
        checkpoint = TorchEngine(network, device="cpu")
        _check_sizes(checkpoint, open_engine(plain, precision="f32", keep_compiled=False), contract)

        tried: list[Trial] = []
        for precision in _precisions(params):
            trial = try_bundle(replace(plain, precision=precision), folder, network, params, photos, dataset)
            tried.append(trial)
            if trial.agreement.dice >= params.min_agreement:
                break
            progress.warn(_disagreement(trial, params), **asdict(trial.agreement))
        else:
            raise ModelError(
                f"refused: {_disagreement(tried[-1], params)}",
                where="export.min_agreement",
                hint="tiles train for longer, or -S export.min_agreement=… to accept it",
            )
        refused = {t.bundle.precision: round(t.agreement.dice, 6) for t in tried[:-1]}
        if params.precision != "int8":
            return _accept(trial, params, {"refused": refused})
        trial, cost = _quantise(plain, trial, network, params, photos, training or photos, dataset)
        return _accept(trial, params, {"refused": refused, "int8": cost})


def _quantise(
    plain: Bundle,
    full: Trial,
    network: Any,
    params: ExportParams,
    photos: Sequence[Photo],
    training: Sequence[Photo],
    dataset: Path,
) -> tuple[Trial, dict[str, Any]]:
    """`plain` in int8 and what that costs; ModelError, with figures, where it is more than `max_int8_cost`."""
    folder = full.bundle.folder
    ranged = [dataset / photo.image for photo in spread(training, quantise.CALIBRATION_PHOTOS)]
    with tempfile.TemporaryDirectory(prefix="tiles-") as name:
        kept = replace(full.bundle, folder=Path(name))
        shutil.move(full.bundle.model, kept.model)
        # Quantised before it is calibrated: 8 bits are to be spent on what the network makes of a photo.
        (Path(name) / "int8").mkdir()
        candidate = replace(plain, folder=Path(name) / "int8", precision="int8")
        quantise.quantise_model(plain.model, plain.input, ranged, candidate.model)
        try:
            trial = try_bundle(candidate, folder, network, params, photos, dataset)
        except ModelError as error:
            raise ModelError(
                f"refused: this network does not run in int8: {error.message}", hint="tiles export --precision auto"
            ) from error
        before, after = (
            Predictor(bundle, open_engine(bundle, throughput=True, keep_compiled=False))
            for bundle in (kept, trial.bundle)
        )
        cost = parity.precision_cost(before, after, photos, dataset)
    seen = (
        f"int8 costs {cost.dice:.4f} Dice over {cost.photos} photos ({cost.before:.4f} in {kept.precision}, "
        f"{cost.after:.4f} in int8), its masks agree with those in {kept.precision} at Dice {cost.agreement:.4f}"
    )
    if not cost.dice <= params.max_int8_cost:
        raise ModelError(
            f"refused: {seen}; at most {params.max_int8_cost:g} is allowed",
            where="export.max_int8_cost",
            hint="tiles export --precision auto, or -S export.max_int8_cost=… to accept it",
        )
    facts = {
        "against": kept.precision,
        "dice_before": round(cost.before, 6),
        "dice_after": round(cost.after, 6),
        "cost": round(cost.dice, 6),
        "agreement": round(cost.agreement, 6),
        "photos": cost.photos,
        "calibration_photos": len(ranged),
    }
    progress.note(seen, **facts)
    return trial, facts


def _accept(trial: Trial, params: ExportParams, found: dict[str, Any]) -> Bundle:
    agreement, fitted, pixels, verdict = trial.agreement, trial.fitted, trial.pixels, trial.verdict
    moved = trial.bundle.verdict_threshold != verdict.threshold
    checks: dict[str, Any] = {
        "agreement": round(agreement.dice, 6),
        "agreement_photos": agreement.photos,
        **found,
        "calibration_from": fitted.origin,
        "ece_before": round(fitted.error_before, 6),
        "ece_after": round(fitted.error_after, 6),
        "threshold_from": _origin(params.threshold, pixels),
        "threshold_dice": pixels.reached,
        "threshold_plateau": list(pixels.plateau),
        "verdict_threshold_from": "max_error" if moved else _origin(params.verdict_threshold, verdict),
        "verdict_threshold_accuracy": verdict.reached,
        "verdict_threshold_plateau": list(verdict.plateau),
    }
    if trial.flips is not None:
        checks["flips"] = trial.flips
    if trial.band is not None:
        checks["band"] = {"max_error": params.max_error, **trial.band.as_dict()}
    bundle = replace(trial.bundle, checks=checks)
    fallen_back = " (fell back from bf16)" if found["refused"] and bundle.precision == "f32" else ""
    progress.note(
        f"bundle at {bundle.precision}{fallen_back}: masks agree with the checkpoint's at Dice {agreement.dice:.4f} "
        f"over {agreement.photos} photos; a pixel is defect from {bundle.threshold:g}, a photo from "
        f"{bundle.verdict_threshold:g}{_uncertain(bundle)}",
        precision=bundle.precision,
        threshold=bundle.threshold,
        verdict_threshold=bundle.verdict_threshold,
        **checks,
    )
    write_bundle(bundle)
    return bundle


def _equip(bundle: Bundle, photos: Sequence[Photo], training: Sequence[Photo], dataset: Path) -> Bundle:
    """The bundle with what a server needs besides, written, read back and found to answer as it was measured.

    photos: one of them becomes the self-test's. training: what today's photos will be compared with.
    """
    predictor = Predictor(bundle, open_engine(bundle, throughput=True, keep_compiled=False))
    described = [dataset / photo.image for photo in spread(training, REFERENCE_PHOTOS)]
    defective = [photo for photo in photos if photo.defect != GOOD]
    tried = [dataset / photo.image for photo in spread(defective or photos, selftest.CANDIDATES)]
    reference = measure_reference(predictor, described)
    bundle = replace(bundle, reference=reference, self_test=selftest.write_self_test(predictor, tried))
    write_bundle(bundle)
    result = selftest.run_self_test(open_predictor(bundle.folder, keep_compiled=False), required=True)
    if result is not None and result.problem:
        raise ModelError(f"refused: the bundle fails its own self-test: {result.problem}")
    return read_bundle(bundle.folder)


def _uncertain(bundle: Bundle) -> str:
    return f", uncertain from {bundle.uncertain_from:g}" if bundle.uncertain_from is not None else ""


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


def _check_photos(project: Project) -> list[Photo]:
    """The photos of the valid subset; those of the train subset where there is no valid one."""
    found = _photos(project, "valid")
    if not found and (found := _photos(project, "train")):
        progress.warn("there is no validation photo; threshold and agreement are measured on training photos")
    if not found:
        raise ModelError("there is no photo to check the bundle on", where=str(project.split), hint="tiles split")
    return found


def _photos(project: Project, subset: str) -> list[Photo]:
    """The photos of a subset, type by type."""
    photos = {photo.photo: photo for photo in catalog.read_index(project.index)}
    rows = manifest.read_manifest(project.split)
    found = [photos[row.photo] for row in rows if row.subset == subset and row.photo in photos]
    return sorted(found, key=lambda photo: (photo.defect, photo.photo))
