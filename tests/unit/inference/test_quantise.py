from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from tests.conftest import bare_environment
from tests.e2e.session import WATCH
from tilecli import files
from tilecli.errors import MissingExtraError, ModelError
from tilecli.inference import quantise
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.quantise import quantise_model

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Noise, of several brightnesses."""
    folder, draw = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        pixels = draw.integers(0, 100 + 31 * number, (64 + number, 90)).astype(np.uint8)
        assert cv2.imwrite(str(path), pixels)
    return paths


@pytest.fixture(scope="module")
def reduced(small: Bundle, photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small network in int8."""
    folder = tmp_path_factory.mktemp("int8")
    quantise_model(small.model, small.input, photos, folder / "model.onnx")
    bundle = replace(small, folder=folder, precision="int8", model_sha256=files.sha256(folder / "model.onnx"))
    write_bundle(bundle)
    return read_bundle(folder)


def _batch(height: int = 64, width: int = 96) -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 256, (1, 1, height, width))
    return ((noise / 255 - 0.5) / 0.25).astype(np.float32)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (160, 32)])
def test_both_engines_run_it_and_stay_close_to_f32(
    small: Bundle, reduced: Bundle, name: str, height: int, width: int
) -> None:
    batch = _batch(height, width)
    exact = open_engine(small, precision="f32", threads=1, keep_compiled=False).run(batch)
    engine = open_engine(reduced, name, threads=1, keep_compiled=False)
    assert engine.precision == "int8"
    assert exact.std() > 0.03  # agreeing on a constant would prove nothing
    difference = np.abs(engine.run(batch) - exact)
    assert 0 < difference.max() < 0.015


def test_it_is_an_onnx_file_with_integer_weights_and_no_batch_norm(small: Bundle, reduced: Bundle) -> None:
    proto = onnx.load(str(reduced.model))
    onnx.checker.check_model(proto, full_check=True)
    kinds = Counter(node.op_type for node in proto.graph.node)
    assert kinds["Conv"] == 2
    assert kinds["QuantizeLinear"] >= 2
    assert "BatchNormalization" not in kinds
    weights = [t for t in proto.graph.initializer if len(t.dims) == 4]
    assert {t.data_type for t in weights} == {onnx.TensorProto.INT8}
    # Half of their range, which CPUs without VNNI can add up without overflow.
    assert max(int(np.abs(onnx.numpy_helper.to_array(t)).max()) for t in weights) <= 64
    assert [value.name for value in (*proto.graph.input, *proto.graph.output)] == ["image", "probability"]
    assert str(small.folder.parent) not in str(proto)


def test_openvino_computes_in_integers(reduced: Bundle) -> None:
    engine = open_engine(reduced, threads=1, keep_compiled=False)
    facts = [node.get_rt_info() for node in engine._compiled.get_runtime_model().get_ops()]  # type: ignore[attr-defined]
    kinds = {info["runtimePrecision"].astype(str) for info in facts if info["layerType"].astype(str) == "Convolution"}
    assert kinds <= {"u8", "i8"}
    assert kinds


def test_same_model_same_photos_same_bytes(small: Bundle, reduced: Bundle, photos: list[Path], tmp_path: Path) -> None:
    quantise_model(small.model, small.input, photos, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == reduced.model.read_bytes()


def test_photos_decide_the_ranges(small: Bundle, reduced: Bundle, tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    assert cv2.imwrite(str(dark), np.random.default_rng(0).integers(0, 9, (64, 64)).astype(np.uint8))
    quantise_model(small.model, small.input, [dark], tmp_path / "model.onnx")
    blind = open_engine(replace(reduced, folder=tmp_path), threads=1, keep_compiled=False).run(_batch())
    exact = open_engine(small, precision="f32", threads=1, keep_compiled=False).run(_batch())
    assert np.abs(blind - exact).max() > 0.05  # what is brighter than the darkness it was calibrated on is cut off


def test_a_bundle_in_int8_runs_in_nothing_else(small: Bundle, reduced: Bundle) -> None:
    for bundle, wanted in ((reduced, "f32"), (reduced, "bf16"), (small, "int8")):
        with pytest.raises(ModelError, match="cannot run in") as caught:
            open_engine(bundle, precision=wanted)
        assert "tiles export" in str(caught.value)
    with pytest.raises(ModelError, match="PyTorch cannot run") as caught:
        open_engine(reduced, "torch")
    assert "--engine openvino" in str(caught.value)


def test_of_a_large_photo_the_middle_calibrates(small: Bundle, tmp_path: Path) -> None:
    pixels = np.zeros((1500, 2000), np.uint8)
    pixels[700:800, 900:1100] = 255
    path = tmp_path / "large.png"
    assert cv2.imwrite(str(path), pixels)
    (values,) = quantise._inputs(small.input, [path])
    assert values.shape[2] * values.shape[3] <= 2**20
    assert values.shape[2] % 32 == values.shape[3] % 32 == 0
    assert values.shape[3] > 1.3 * values.shape[2]  # its aspect ratio, roughly
    assert int((values > 1).sum()) == 100 * 200


def test_a_model_that_is_none_is_one_clear_error(small: Bundle, photos: list[Path], tmp_path: Path) -> None:
    empty = onnx.helper.make_model(onnx.helper.make_graph([], "nothing", [], []))
    onnx.save(empty, str(tmp_path / "model.onnx"))
    with pytest.raises(ModelError, match="cannot be quantised"):
        quantise_model(tmp_path / "model.onnx", small.input, photos, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_without_nncf_it_says_what_to_install(
    small: Bundle, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingExtraError, match="nncf") as caught:
        quantise_model(small.model, small.input, photos, tmp_path / "out.onnx")
    assert "tilecli[train]" in str(caught.value)


def test_nothing_is_said_nor_called_nor_left_at_home(small: Bundle, photos: list[Path], tmp_path: Path) -> None:
    """In a process of its own, because NNCF does not report where it sees pytest."""
    home, watch, calls = tmp_path / "home", tmp_path / "watch", tmp_path / "calls.txt"
    home.mkdir()
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from tilecli.data.preprocess import InputContract\n"
        "from tilecli.inference.quantise import quantise_model\n"
        "model, target, *photos = map(Path, sys.argv[1:])\n"
        "quantise_model(model, InputContract(), photos, target)\n"
        "import nncf, onnxruntime, os\n"
        "print(json.dumps([type(nncf.telemetry.telemetry).__name__, os.environ['ORT_DISABLE_TELEMETRY']]))\n"
        "import socket\n"
        "socket.getaddrinfo('127.0.0.1', 80)\n"
    )
    environment = bare_environment(home) | {"CALLS": str(calls), "PYTHONPATH": f"{watch}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", program, small.model, tmp_path / "out.onnx", *photos],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["MagicMock", "1"]  # and nothing else was printed
    assert done.stderr == ""
    assert (tmp_path / "out.onnx").is_file()
    called = calls.read_text().splitlines()
    assert "127.0.0.1" in called[-1]  # the watch works
    assert called[:-1] == []
    assert not [path for path in home.rglob("*") if path.is_file()]
