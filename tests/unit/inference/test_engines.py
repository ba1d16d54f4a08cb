from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tilecli import files
from tilecli.config import TrainParams
from tilecli.data.preprocess import InputContract
from tilecli.errors import ModelError, UsageError
from tilecli.inference.bundle import Bundle
from tilecli.inference.calibration import Calibration
from tilecli.inference.engines import ENGINES, open_engine
from tilecli.inference.onnx_file import bake, write_onnx
from tilecli.inference.torch_engine import TorchEngine, load_weights


def _batch(height: int = 64, width: int = 96, number: int = 1) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((number, 1, height, width)).astype(np.float32)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(("number", "height", "width"), [(1, 64, 96), (3, 32, 160)])
def test_engines_agree_with_torch(
    small: Bundle, small_network: torch.nn.Module, name: str, number: int, height: int, width: int
) -> None:
    batch = _batch(height, width, number)
    wanted = TorchEngine(small_network, device="cpu").run(batch)
    engine = open_engine(small, name, precision="f32", threads=1)
    assert engine.name == name
    assert wanted.std() > 0.01  # agreeing on a constant would prove nothing
    np.testing.assert_allclose(engine.run(batch), wanted, atol=1e-5)


def test_the_torch_engine_rebuilds_the_network_from_the_bundle(tmp_path: Path) -> None:
    from tilecli.learning.network import build_network

    params = TrainParams(widths=(4, 8, 8))
    torch.manual_seed(0)
    network = build_network(params, weights=False).eval()
    for name, value in network.named_buffers():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2.0)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value) * 0.1)
    bundle = Bundle(tmp_path, InputContract(), 0.5, 0.5, training={"params": json.loads(params.model_dump_json())})
    write_onnx(network, bundle.input, bundle.model)
    batch = _batch()
    outputs = {name: open_engine(bundle, name, precision="f32", threads=1).run(batch) for name in ENGINES}
    assert outputs["torch"].std() > 0.001
    for name in ENGINES:
        np.testing.assert_allclose(outputs[name], outputs["torch"], atol=1e-4, err_msg=name)
    # A calibration lies in the graph for the others; PyTorch takes it from the bundle's facts.
    (tmp_path / "calibrated").mkdir()
    calibrated = replace(bundle, folder=tmp_path / "calibrated", calibration=Calibration(1.6, -1.0))
    bake(bundle.model, calibrated.calibration, calibrated.model)
    for name in ENGINES:
        found = open_engine(calibrated, name, precision="f32", threads=1).run(batch)
        wanted = calibrated.calibration.probabilities(outputs[name])
        np.testing.assert_allclose(found, wanted, atol=1e-4, err_msg=name)


def test_the_torch_engine_says_what_the_bundle_lacks(small: Bundle) -> None:
    with pytest.raises(ModelError, match=r"training\.params\.depth"):
        open_engine(replace(small, training={"params": {"depth": 5}}), "torch")


def test_weights_that_do_not_fit_are_refused(small: Bundle) -> None:
    with pytest.raises(ModelError, match="weights cannot be taken"):
        load_weights(torch.nn.Conv2d(1, 1, 3), small)


def test_an_unknown_engine_gets_a_near_match(small: Bundle) -> None:
    with pytest.raises(UsageError, match="openvno") as caught:
        open_engine(small, "openvno")
    assert "did you mean openvino" in str(caught.value)


def test_bf16_is_close_where_the_cpu_has_it(small: Bundle) -> None:
    batch = _batch()
    exact = open_engine(small, precision="f32", threads=1).run(batch)
    engine = open_engine(small, precision="bf16", threads=1)
    assert engine.precision in {"f32", "bf16"}
    np.testing.assert_allclose(engine.run(batch), exact, atol=0.05)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_broken_model_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot load this model"):
        open_engine(Bundle(tmp_path, InputContract(), 0.5, 0.5), name)


def test_one_engine_serves_many_threads(small: Bundle) -> None:
    engine = open_engine(small, threads=2, throughput=True)
    batches = [_batch() + i for i in range(8)]
    wanted = [engine.run(batch) for batch in batches]
    got: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i: got.update({i: engine.run(batches[i])})) for i in range(len(batches))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, result in enumerate(wanted):
        np.testing.assert_allclose(got[i], result, atol=1e-6)


def _blobs(cache: Path) -> list[Path]:
    return sorted((cache / "tiles" / "compiled").glob("*.blob"))


def test_the_compiled_model_is_kept_and_used_again(small: Bundle, own_cache: Path) -> None:
    first = open_engine(small, threads=1).run(_batch())
    (blob,) = _blobs(own_cache)
    made = blob.stat().st_ino
    np.testing.assert_allclose(open_engine(small, threads=1).run(_batch()), first, atol=1e-6)
    assert [path.stat().st_ino for path in _blobs(own_cache)] == [made]


def test_a_damaged_blob_is_made_again(small: Bundle, own_cache: Path) -> None:
    first = open_engine(small, threads=1).run(_batch())
    (blob,) = _blobs(own_cache)
    blob.write_bytes(b"rubbish")
    np.testing.assert_allclose(open_engine(small, threads=1).run(_batch()), first, atol=1e-6)
    assert _blobs(own_cache)[0].stat().st_size > 100


def test_another_model_in_the_same_place_is_not_mistaken(small: Bundle, bright: Bundle, tmp_path: Path) -> None:
    bundle = replace(small, folder=tmp_path)
    bundle.model.write_bytes(small.model.read_bytes())
    before = open_engine(bundle, threads=1).run(_batch())
    bundle.model.write_bytes(bright.model.read_bytes())
    after = open_engine(replace(bundle, model_sha256=files.sha256(bundle.model)), threads=1).run(_batch())
    assert np.abs(before - after).max() > 0.01


def test_no_cache_is_no_error(small: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert open_engine(small, threads=1).run(_batch()).shape == (1, 1, 64, 96)


def test_prediction_needs_no_torch(small: Bundle) -> None:
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from tilecli.inference.predictor import open_predictor\n"
        "p = open_predictor(Path(sys.argv[1]), threads=1).predict(np.zeros((50, 70, 1), np.uint8))\n"
        "assert p.mask.shape == (50, 70)\n"
        "heavy = {'torch', 'onnx', 'onnxruntime', 'pytorch_lightning', 'dvc', 'albumentations'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script, str(small.folder)], check=True)


def test_signals_still_arrive_when_engines_have_come_and_gone(small: Bundle) -> None:
    # In a process of its own: where this fails, it ends with SIGSEGV.
    script = (
        "import faulthandler, gc, os, signal, sys\n"
        "faulthandler.enable()\n"  # as pytest does; it also makes Python run handlers on the alternate stack
        "from pathlib import Path\n"
        "from tilecli.inference.bundle import read_bundle\n"
        "from tilecli.inference.engines import open_engine\n"
        "bundle = read_bundle(Path(sys.argv[1]))\n"
        "first = open_engine(bundle, precision='f32', threads=1, keep_compiled=False)\n"
        "second = open_engine(bundle, precision='f32', threads=1, keep_compiled=False)\n"
        "del first; gc.collect(); del second; gc.collect()\n"
        "signal.signal(signal.SIGINT, lambda *_: print('arrived'))\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(small.folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "arrived\n")
