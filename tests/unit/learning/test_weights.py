"""Pretrained weights: files of every kind, a hub that is there, is not there, or does not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.errors import ModelError
from tilecli.learning.network import Built, build
from tilecli.learning.weights import HubWeights, answers, hub_weights

ENCODER = "resnet18"


@pytest.fixture(autouse=True)
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub at a port where nobody listens."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "hub"


def load(weights: str, encoder: str = ENCODER, channels: int = 3) -> Built:
    params = TrainParams(arch="unet", encoder=encoder, encoder_weights=weights, channels=channels, crop_size=32)
    return build(params, weights=True)


def encoder_state(built: Built) -> dict[str, torch.Tensor]:
    encoder: Any = built.network.encoder
    return dict(encoder.state_dict())


@pytest.fixture(scope="module")
def source() -> dict[str, torch.Tensor]:
    """An encoder's weights to be found again."""
    torch.manual_seed(7)
    return encoder_state(build(TrainParams(arch="unet", encoder=ENCODER, channels=3, crop_size=32), weights=False))


def contiguous(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.contiguous() for name, value in state.items()}


def test_a_safetensors_file_is_loaded_and_recorded(tmp_path: Path, source: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(contiguous(source), path)
    built = load(str(path))
    torch.testing.assert_close(encoder_state(built)["layer1.0.conv1.weight"], source["layer1.0.conv1.weight"])
    assert built.encoder_weights.startswith("mine.safetensors sha256:")


@pytest.mark.parametrize("prefix", ["", "encoder.", "module.", "model.encoder."])
def test_a_classifier_or_a_whole_network_fits_too(tmp_path: Path, source: dict[str, torch.Tensor], prefix: str) -> None:
    path = tmp_path / "mine.pth"
    state = {f"{prefix}{name}": value for name, value in source.items()}
    torch.save({"state_dict": {**state, "fc.weight": torch.zeros(10, 512), "decoder.x": torch.zeros(1)}}, path)
    torch.testing.assert_close(encoder_state(load(str(path)))["conv1.weight"], source["conv1.weight"])


def test_timm_names_fit_the_wrapped_encoder(tmp_path: Path) -> None:
    params = TrainParams(arch="unet", encoder="tu-resnet18", channels=3, crop_size=32)
    state = encoder_state(build(params, weights=False))
    path = tmp_path / "timm.safetensors"
    save_file(contiguous({name.removeprefix("model."): value for name, value in state.items()}), path)
    loaded = encoder_state(load(str(path), encoder="tu-resnet18"))
    torch.testing.assert_close(loaded["model.conv1.weight"], state["model.conv1.weight"])


def test_colour_weights_are_summed_for_grey_photos(tmp_path: Path, source: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(contiguous(source), path)
    loaded = encoder_state(load(str(path), channels=1))["conv1.weight"]
    torch.testing.assert_close(loaded, source["conv1.weight"].sum(dim=1, keepdim=True))


def test_weights_of_another_encoder_are_refused(tmp_path: Path, source: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "mine.pth"
    torch.save(source, path)
    with pytest.raises(ModelError, match=r"not for the encoder resnet34: \d+ of \d+ tensors are missing"):
        load(str(path), encoder="resnet34")


class Trap:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.folder,)


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    torch.save({"x": Trap(tmp_path / "sprung")}, path)
    with pytest.raises(ModelError, match="more than tensors"):
        load(str(path))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(("name", "content"), [("a.pth", b"rubbish"), ("a.safetensors", b"rubbish"), ("a.pth", b"")])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load(str(tmp_path / name))
    assert name in str(caught.value.where)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="no such file"):
        load("imagnet")


def test_without_a_hub_imagenet_is_an_error_and_auto_learns_from_scratch_loudly() -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        load("imagenet")
    assert "train.encoder_weights" in str(caught.value.hint)
    heard: list[progress.Event] = []
    with progress.listen(heard.append):
        assert load("auto").encoder_weights == "none"
    assert [event.kind for event in heard] == ["warning"]
    assert "NO PRETRAINED WEIGHTS" in heard[0].text
    assert time.monotonic() - started < 60


def in_cache(hub: Path, weights: HubWeights, state: dict[str, torch.Tensor]) -> None:
    """Lay files out as the hub's own client does after a download."""
    revision = weights.revision or "0" * 40
    folder = hub / f"models--{weights.repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(revision)
    (snapshot / "config.json").write_text("{}")
    save_file(contiguous(state), snapshot / "model.safetensors", metadata={"format": "pt"})


def test_weights_in_the_cache_need_no_network(no_hub: Path, source: dict[str, torch.Tensor]) -> None:
    weights = hub_weights(ENCODER)
    assert weights is not None
    in_cache(no_hub, weights, source)
    built = load("auto", channels=1)
    assert built.encoder_weights == "imagenet"
    loaded = encoder_state(built)
    torch.testing.assert_close(loaded["layer1.0.conv1.weight"], source["layer1.0.conv1.weight"])
    torch.testing.assert_close(loaded["conv1.weight"], source["conv1.weight"].sum(dim=1, keepdim=True))
    assert constants.HF_HUB_OFFLINE is False


class Answer(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(302 if "right" in self.path else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_hub_that_answers_is_reachable(server: str) -> None:
    assert answers(f"{server}/right", 3)
    assert not answers(f"{server}/wrong", 3)


def test_a_hub_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.5)
        assert time.monotonic() - started < 20
