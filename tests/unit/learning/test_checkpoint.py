from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from tilecli.config import TrainParams
from tilecli.errors import ModelError
from tilecli.learning import checkpoint
from tilecli.learning.network import build_network

PARAMS = TrainParams(widths=(4, 6), crop_size=32)


def facts() -> dict[str, Any]:
    return {"train": PARAMS.model_dump(mode="json"), "epoch": 3}


class Trap:
    """Makes a folder when it is unpickled: stands for any code in a file that somebody sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.folder,)


def test_a_network_comes_back_as_it_was(tmp_path: Path) -> None:
    network = build_network(PARAMS, weights=False).to(memory_format=torch.channels_last).eval()
    checkpoint.write_best(tmp_path / "best.ckpt", network.state_dict(), facts())
    loaded, read = checkpoint.load_network(tmp_path / "best.ckpt")
    image = torch.randn(1, 1, 64, 32)
    torch.testing.assert_close(loaded(image), network(image))
    assert not loaded.training
    assert read == facts()


def test_a_setting_that_a_run_did_not_know_had_its_default(tmp_path: Path) -> None:
    older = {key: value for key, value in PARAMS.model_dump(mode="json").items() if key != "accumulate"}
    path = tmp_path / "last.ckpt"
    torch.save({checkpoint.OURS: {"facts": {"train": older}, "data": "photos"}}, path)
    checkpoint.read_last(path, PARAMS, "photos")
    with pytest.raises(ModelError, match=r"train\.accumulate was 1, is 2"):
        checkpoint.read_last(path, PARAMS.model_copy(update={"accumulate": 2}), "photos")


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    torch.save({"format": 1, "network": Trap(tmp_path / "sprung"), "facts": {}}, path, pickle_module=pickle)
    with pytest.raises(ModelError):
        checkpoint.load_network(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 half an archive"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "best.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="checkpoint") as caught:
        checkpoint.load_network(path)
    assert caught.value.where == str(path)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        checkpoint.load_network(tmp_path / "best.ckpt")
    assert caught.value.hint == "tiles train"


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = build_network(PARAMS.model_copy(update={"widths": (4, 8)}), weights=False)
    checkpoint.write_best(tmp_path / "best.ckpt", other.state_dict(), facts())
    with pytest.raises(ModelError, match="does not fit"):
        checkpoint.load_network(tmp_path / "best.ckpt")


def last(tmp_path: Path) -> Path:
    torch.save({checkpoint.OURS: {"facts": facts(), "data": "abc"}}, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def test_a_run_resumes_with_its_own_settings_and_perhaps_more_epochs(tmp_path: Path) -> None:
    longer = PARAMS.model_copy(update={"epochs": 99, "patience": 3})
    assert checkpoint.read_last(last(tmp_path), longer, "abc")[checkpoint.OURS]["data"] == "abc"


def test_other_settings_are_named(tmp_path: Path) -> None:
    other = PARAMS.model_copy(update={"learning_rate": 0.5, "widths": (4, 8)})
    with pytest.raises(ModelError) as caught:
        checkpoint.read_last(last(tmp_path), other, "abc")
    assert "train.learning_rate was 0.002, is 0.5" in caught.value.message
    assert "train.widths was [4, 6], is [4, 8]" in caught.value.message
    assert "without --resume" in str(caught.value.hint)


def test_other_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="split have changed"):
        checkpoint.read_last(last(tmp_path), PARAMS, "def")
