"""Small networks as bundles: real ONNX files, exported once per test session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tilecli import files
from tilecli.data.preprocess import InputContract
from tilecli.inference import graphs
from tilecli.inference.bundle import BINARY, Bundle, write_bundle
from tilecli.inference.onnx_file import write_onnx

CONTRACT = InputContract(short_side=0, multiple=32, mean=(0.5,), std=(0.25,), channels=1)


@pytest.fixture(autouse=True, scope="session")
def kept_graphs() -> Iterator[None]:
    """Graphs of the tests' own networks are kept, as those of tiles are: capturing one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "_OWN", graphs._OWN | {"tests"})
        yield


class Bright(torch.nn.Module):
    """Says "defect" where a photo is brighter than mid-grey: what it should answer is plain to see in a test."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(channels, 1, 1)
        with torch.no_grad():
            self.conv.weight.fill_(4.0 / channels)
            self.conv.bias.fill_(0.0)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.conv(image)


class Small(torch.nn.Module):
    """Random convolutions with batch norm, a stride and a way up again: what real networks are made of."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.down = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), torch.nn.BatchNorm2d(8), torch.nn.ReLU()
        )
        self.head = torch.nn.Conv2d(8, 1, 3, padding=1)
        for name, value in self.named_buffers():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0)
            elif name.endswith("running_mean"):
                value.normal_()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        wide = torch.nn.functional.interpolate(self.down(image), scale_factor=2.0, mode="bilinear")
        return self.head(wide)


class Kinds(torch.nn.Module):
    """Says "spot" where a photo is brighter than 75 % grey, "hole" where it is darker than 25 %, else nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 1)
        with torch.no_grad():  # inputs are −2 to 2
            self.conv.weight[:, 0, 0, 0] = torch.tensor([-8.0, 8.0])
            self.conv.bias.fill_(-8.0)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.conv(image)


KINDS = ("hole", "spot")


def make_bundle(
    folder: Path, network: torch.nn.Module, contract: InputContract = CONTRACT, classes: tuple[str, ...] = BINARY
) -> Bundle:
    folder.mkdir(parents=True, exist_ok=True)
    bundle = Bundle(folder, contract, threshold=0.5, verdict_threshold=0.5, classes=classes)
    write_onnx(network, contract, bundle.model)
    bundle = replace(bundle, model_sha256=files.sha256(bundle.model))
    write_bundle(bundle)
    return bundle


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Compiled models go to a folder of the test's own, never to the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("bright"), Bright())


@pytest.fixture(scope="session")
def bright_rgb(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    contract = InputContract(mean=(0.5,) * 3, std=(0.25,) * 3, channels=3)
    return make_bundle(tmp_path_factory.mktemp("rgb"), Bright(3), contract)


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Tells two types apart."""
    return make_bundle(tmp_path_factory.mktemp("kinds"), Kinds(), classes=KINDS)


@pytest.fixture(scope="session")
def small_network() -> torch.nn.Module:
    return Small().eval()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, small_network: torch.nn.Module) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("small"), small_network)
