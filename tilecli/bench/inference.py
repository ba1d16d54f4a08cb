"""Inference: the bundle in its engine against PyTorch in float32 on the same photos, U-Net/ResNet-34, 224 px."""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import replace
from pathlib import Path

from tilecli import progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.project import small_project
from tilecli.bench.training import SIZE, settings
from tilecli.data.preprocess import InputContract
from tilecli.inference import onnx_file
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.engines import cpu_has_bf16
from tilecli.inference.predictor import open_predictor
from tilecli.learning import network

RUNS = 3


def write_speed_bundle(folder: Path) -> Bundle:
    """A bundle with random weights, which are as fast as trained ones."""
    params = settings(steps=1)
    contract = InputContract(short_side=SIZE, mean=(0.5,) * 3, std=(0.25,) * 3, channels=3)
    folder.mkdir(parents=True)
    bundle = Bundle(folder, contract, 0.5, 20, precision="bf16" if cpu_has_bf16() else "f32")
    net = network.build_network(params, weights=False).eval()
    onnx_file.write_onnx(net, contract, bundle.model)
    write_bundle(replace(bundle))
    return read_bundle(folder)


def measure() -> list[Figure]:
    """Photos per second as evaluation runs them: decode, scale, infer, scale back, regions."""
    with tempfile.TemporaryDirectory() as folder:
        project = small_project(Path(folder) / "project")
        bundle = write_speed_bundle(Path(folder) / "bundle")
        photos = sorted((project.dataset / "images").iterdir())[:48]
        rates: dict[str, float] = {}
        with progress.task("bench inference", 2, "engines") as task:
            for name, engine, precision in (("ours", "openvino", None), ("torch", "torch", "f32")):
                predictor = open_predictor(bundle.folder, engine, 0.5, precision, throughput=True, keep_compiled=False)
                few = photos if name == "ours" else photos[:12]
                seconds = median_seconds(lambda p=predictor, f=few: deque(p.predict_files(f), maxlen=0), runs=RUNS)  # type: ignore[misc]
                rates[name] = len(few) / seconds
                task.advance()
    return [
        Figure("evaluation, torch fp32", rates["torch"], "photos/s"),
        Figure(
            f"evaluation, openvino {bundle.precision}",
            rates["ours"],
            "photos/s",
            "torch fp32",
            rates["ours"] / rates["torch"],
        ),
    ]
