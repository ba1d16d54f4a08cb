"""Inference: the bundle in its engine, in int8 and as it is, against PyTorch in float32 on the same photos;
U-Net/ResNet-34, 224 px.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from tilecli import progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.project import small_project
from tilecli.bench.training import SIZE, settings
from tilecli.data.preprocess import InputContract
from tilecli.inference import onnx_file, quantise
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.engines import cpu_has_bf16
from tilecli.inference.predictor import Predictor, open_predictor
from tilecli.inference.torch_engine import TorchEngine
from tilecli.learning import network

RUNS = 3


def write_speed_bundle(folder: Path) -> tuple[Bundle, nn.Module]:
    """A bundle with random weights, which are as fast as trained ones, and its network."""
    params = settings(steps=1)
    contract = InputContract(short_side=SIZE, mean=(0.5,) * 3, std=(0.25,) * 3, channels=3)
    folder.mkdir(parents=True)
    bundle = Bundle(folder, contract, 0.5, 0.5, precision="bf16" if cpu_has_bf16() else "f32")
    net = network.build_network(params, weights=False).eval()
    onnx_file.write_onnx(net, contract, bundle.model)
    write_bundle(bundle)
    return read_bundle(folder), net


def write_int8_bundle(bundle: Bundle, folder: Path, photos: Sequence[Path]) -> Bundle:
    """`bundle` in int8, calibrated on the files `photos`; what that does to its masks is not asked."""
    folder.mkdir(parents=True)
    reduced = replace(bundle, folder=folder, precision="int8", model_sha256="")
    quantise.quantise_model(bundle.model, bundle.input, photos, reduced.model)
    write_bundle(reduced)
    return read_bundle(folder)


def measure() -> list[Figure]:
    """Photos per second as evaluation runs them: decode, scale, infer, scale back, regions."""
    with tempfile.TemporaryDirectory() as folder:
        project = small_project(Path(folder) / "project")
        bundle, net = write_speed_bundle(Path(folder) / "bundle")
        photos = sorted((project.dataset / "images").iterdir())[:48]
        reduced = write_int8_bundle(bundle, Path(folder) / "int8", photos[:8])
        with progress.task("bench inference", 3, "engines") as task:
            ours = _rate(open_predictor(bundle.folder, throughput=True, keep_compiled=False), photos)
            task.advance()
            small = _rate(open_predictor(reduced.folder, throughput=True, keep_compiled=False), photos)
            task.advance()
            plain = _rate(Predictor(bundle, TorchEngine(net, device="cpu")), photos[:12])
            task.advance()
    return [
        Figure("evaluation, torch fp32", plain, "photos/s"),
        Figure(f"evaluation, openvino {bundle.precision}", ours, "photos/s", "torch fp32", ours / plain),
        Figure("evaluation, openvino int8", small, "photos/s", f"openvino {bundle.precision}", small / ours),
    ]


def _rate(predictor: Predictor, photos: list[Path]) -> float:
    """Photos per second from files to regions."""
    return len(photos) / median_seconds(lambda: deque(predictor.predict_files(photos), maxlen=0), runs=RUNS)
