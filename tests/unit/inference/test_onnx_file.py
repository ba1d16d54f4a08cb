from __future__ import annotations

import copy
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tilecli.data.preprocess import InputContract
from tilecli.errors import ModelError
from tilecli.inference.bundle import Bundle
from tilecli.inference.calibration import Calibration
from tilecli.inference.engines import open_engine
from tilecli.inference.onnx_file import bake, write_onnx


class Pooled(torch.nn.Module):
    """Adaptive pooling, as in PSPNet and UPerNet: the exporter writes the example's windows into the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = torch.nn.AdaptiveAvgPool2d(3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image + torch.nn.functional.interpolate(self.pool(image), size=image.shape[2:], mode="bilinear")


class Fixed(torch.nn.Module):
    """Takes one size only."""

    def __init__(self) -> None:
        super().__init__()
        self.code = torch.nn.Parameter(torch.randn(1, 1, 64, 64))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image + self.code


def test_names_and_dynamic_sides(small: Bundle) -> None:
    graph = onnx.load(small.model).graph
    for value, name in ((graph.input[0], "image"), (graph.output[0], "probability")):
        assert value.name == name
        sides = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        assert sides == ["N", 1, "H", "W"]


def test_is_one_file_that_gives_nothing_away(small: Bundle) -> None:
    assert sorted(path.name for path in small.folder.iterdir()) == ["bundle.json", "model.onnx"]
    data = small.model.read_bytes()
    for word in (b"stack_trace", b".py", b"torch", str(Path.cwd()).encode(), str(Path.home()).encode() + b"/"):
        assert word not in data, word


def test_same_network_same_bytes(small: Bundle, small_network: torch.nn.Module, tmp_path: Path) -> None:
    write_onnx(copy.deepcopy(small_network), small.input, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == small.model.read_bytes()


def test_leaves_the_network_as_it_was(small_network: torch.nn.Module, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in small_network.state_dict().items()}
    write_onnx(small_network, InputContract(), tmp_path / "model.onnx")
    assert all(torch.equal(before[name], value) for name, value in small_network.state_dict().items())


def test_adaptive_pooling_stays_right_at_other_sizes(tmp_path: Path) -> None:
    network = Pooled().eval()
    bundle = Bundle(tmp_path, InputContract(), 0.5, 0.5)
    write_onnx(network, bundle.input, bundle.model)
    engine = open_engine(bundle, threads=1)
    for height, width in ((32, 64), (96, 64), (160, 224)):
        batch = np.random.default_rng(0).standard_normal((1, 1, height, width)).astype(np.float32)
        wanted = torch.sigmoid(network(torch.from_numpy(batch))).numpy()
        np.testing.assert_allclose(engine.run(batch), wanted, atol=1e-5)


def test_a_network_for_one_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be exported"):
        write_onnx(Fixed(), InputContract(), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_export_prints_nothing(tmp_path: Path) -> None:
    script = (
        "import torch, sys; from pathlib import Path\n"
        "from tilecli.data.preprocess import InputContract\n"
        "from tilecli.inference.onnx_file import write_onnx\n"
        "write_onnx(torch.nn.Conv2d(1, 1, 3, padding=1), InputContract(), Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.onnx")],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},  # captured, and not taken from the cache
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_a_calibration_is_baked_in_before_the_sigmoid(small: Bundle, tmp_path: Path) -> None:
    wanted = Calibration(1.7, -2.5)
    baked = replace(small, folder=tmp_path, calibration=wanted)
    bake(small.model, wanted, baked.model)
    bake(small.model, wanted, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == baked.model.read_bytes()
    onnx.checker.check_model(onnx.load(baked.model))
    batch = np.random.default_rng(0).standard_normal((2, 1, 64, 96)).astype(np.float32)
    raw = open_engine(small, threads=1).run(batch)
    for name in ("openvino", "onnxruntime"):
        found = open_engine(baked, name, threads=1).run(batch)
        np.testing.assert_allclose(found, wanted.probabilities(raw), atol=1e-5)


def test_only_what_ends_in_a_sigmoid_can_be_calibrated(small: Bundle, tmp_path: Path) -> None:
    proto = onnx.load(small.model)
    proto.graph.node[-1].op_type = "Tanh"
    onnx.save(proto, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="cannot be calibrated"):
        bake(tmp_path / "other.onnx", Calibration(), tmp_path / "model.onnx")
