"""Weights that are carried: from a cache that the test made, into a file that a training takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors import safe_open
from safetensors.torch import save_file

from tilecli.config import TrainParams
from tilecli.errors import ModelError
from tilecli.learning.carry import carry
from tilecli.learning.network import build
from tilecli.learning.weights import hub_weights

ENCODER = "resnet18"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub at a port where nobody listens."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "hub"


@pytest.fixture
def cached(hub: Path) -> dict[str, torch.Tensor]:
    """An encoder's weights, laid out as the hub's own client does after a download."""
    torch.manual_seed(7)
    made: Any = build(TrainParams(arch="unet", encoder=ENCODER, channels=3, crop_size=32), weights=False).network
    state = {name: value.contiguous() for name, value in made.encoder.state_dict().items()}
    weights = hub_weights(ENCODER)
    assert weights is not None
    revision = weights.revision or "0" * 40
    folder = hub / f"models--{weights.repository.replace('/', '--')}"
    (folder / "snapshots" / revision).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(revision)
    (folder / "snapshots" / revision / "config.json").write_text("{}")
    save_file(state, folder / "snapshots" / revision / "model.safetensors", metadata={"format": "pt"})
    return state


@pytest.mark.parametrize("channels", [1, 3])
def test_a_training_takes_the_file_that_was_carried(
    cached: dict[str, torch.Tensor], tmp_path: Path, channels: int
) -> None:
    made = carry(ENCODER, tmp_path / "stick")
    assert made.path == tmp_path / "stick" / "resnet18.safetensors"
    assert (made.setting, made.downloaded) == ("imagenet", False)
    assert made.megabytes == pytest.approx(made.path.stat().st_size / 1e6)
    with safe_open(made.path, "pt") as opened:
        assert opened.metadata()["repository"] == made.repository
    settings = TrainParams(
        arch="unet", encoder=ENCODER, encoder_weights=str(made.path), channels=channels, crop_size=32
    )
    built = build(settings, weights=True)
    assert built.encoder_weights == f"resnet18.safetensors sha256:{made.sha256[:12]}"
    network: Any = built.network
    loaded = network.encoder.state_dict()
    torch.testing.assert_close(loaded["layer4.1.conv2.weight"], cached["layer4.1.conv2.weight"])
    first = cached["conv1.weight"] if channels == 3 else cached["conv1.weight"].sum(dim=1, keepdim=True)
    torch.testing.assert_close(loaded["conv1.weight"], first)


@pytest.mark.usefixtures("hub")
def test_without_a_hub_and_a_copy_it_says_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        carry(ENCODER, tmp_path)
    assert "on a machine that reaches it" in str(caught.value.hint)
    assert not list(tmp_path.glob("*.safetensors"))


def test_an_unknown_encoder_is_refused_with_what_is_near(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown encoder 'resnet43'") as caught:
        carry("resnet43", tmp_path)
    assert "resnet34" in str(caught.value.hint)
