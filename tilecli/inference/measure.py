"""The bundle in its deployed engine and precision, handed to `tilecli.evaluation.evaluate`: stage `evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from tilecli import hardware
from tilecli.config import Params
from tilecli.evaluation.evaluate import evaluate
from tilecli.inference.fusion import predict_spot
from tilecli.inference.predictor import open_predictor
from tilecli.layout import Project


def evaluate_bundle(project: Project, params: Params, engine: str = "openvino") -> dict[str, Any]:
    """Measure models/bundle on the test subset, write evaluation/, return what metrics.json holds."""
    # A bundle is measured once: its compiled form is not worth a place in the user's cache.
    predictor = open_predictor(project.bundle, engine, throughput=True, keep_compiled=False)
    bundle = predictor.bundle
    facts = {
        "threshold": bundle.threshold,
        "verdict_threshold": predictor.verdict_threshold,
        "uncertain_from": predictor.uncertain_from,
        "min_area_px": bundle.min_area_px,
        "precision": bundle.precision,
        "flips": bundle.flips,
        **asdict(bundle.calibration),
    }
    machine = {
        "engine": predictor.engine.name,
        "precision": predictor.engine.precision,
        "flips": bundle.flips,
        "device": predictor.engine.device,
        "cpu": hardware.cpu_name(),
        "cores": hardware.usable_cores(),
    }
    return evaluate(
        project,
        params,
        predictor.predict_file,
        predict_spot=partial(predict_spot, predictor),
        workers=predictor.workers,
        facts=facts,
        machine=machine,
        classes=bundle.classes if bundle.tells_types else (),
    )
