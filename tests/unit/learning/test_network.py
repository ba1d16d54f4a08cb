from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
import torch
from torch import nn

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.errors import ModelError
from tilecli.learning.compactunet import CompactUNet
from tilecli.learning.names import _ARCHITECTURES, _ENCODERS, COMPACT, check_names, known_architectures, known_encoders
from tilecli.learning.network import build, build_network, strongest


def params(**settings: object) -> TrainParams:
    return TrainParams(**{"encoder_weights": "none", "crop_size": 64, **settings})


def test_compactunet_has_the_million_parameters_that_were_measured() -> None:
    network = CompactUNet(1, (32, 48, 64, 96, 128))
    assert sum(value.numel() for value in network.parameters()) == pytest.approx(1.0e6, rel=0.02)
    assert network.multiple == 32


@pytest.mark.parametrize(
    ("arch", "encoder", "channels"),
    [
        ("compactunet", "resnet34", 1),
        ("compactunet", "resnet34", 3),
        ("unet", "resnet18", 1),
        ("Unet", "mobilenet_v2", 3),
        ("fpn", "tu-resnet18", 1),
        ("dpt", "tu-vit_tiny_patch16_224", 3),
    ],
)
def test_every_network_gives_one_map_of_logits_and_starts_from_good(arch: str, encoder: str, channels: int) -> None:
    built = build(params(arch=arch, encoder=encoder, channels=channels, widths=(8, 12, 16)), weights=True)
    assert built.encoder_weights == "none"
    assert built.network.training
    side = 2 * built.multiple
    with torch.inference_mode():
        logits = built.network.eval()(torch.zeros(2, channels, side, side + built.multiple))
    assert logits.shape == (2, 1, side, side + built.multiple)
    head = getattr(built.network, "segmentation_head", built.network)
    bias = [module.bias for module in head.modules() if isinstance(module, nn.Conv2d)][-1]
    assert bias is not None
    assert bias.item() == -3.0


@pytest.mark.parametrize("norm", ["group", "instance"])
def test_these_norms_leave_a_crop_alone_with_itself(norm: str) -> None:
    torch.manual_seed(0)
    network = build_network(params(widths=(8, 12, 20), norm=norm), weights=False).train()
    crops = torch.randn(3, 1, 64, 64)
    together, alone = network(crops), network(crops[:1])
    torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-5)
    batch = build_network(params(widths=(8, 12, 20)), weights=False).train()
    assert not torch.allclose(batch(crops)[:1], batch(crops[:1]), atol=1e-3)


def test_a_group_divides_its_channels() -> None:
    network = CompactUNet(1, (24, 36, 22), "group")
    groups = {(norm.num_channels, norm.num_groups) for norm in network.modules() if isinstance(norm, nn.GroupNorm)}
    assert groups == {(24, 3), (36, 6), (22, 11)}


def test_the_norm_of_an_smp_network_is_its_own() -> None:
    events: list[progress.Event] = []
    with progress.listen(events.append):
        build_network(params(arch="unet", encoder="resnet18", norm="group"), weights=False)
    assert any("train.norm=group is not used" in event.text for event in events if event.kind == "warning")


@pytest.mark.parametrize("arch", ["compactunet", "unet"])
def test_every_pixel_starts_from_the_prior(arch: str) -> None:
    network = build_network(
        params(arch=arch, encoder="resnet18", widths=(8, 12), prior_bias=0.2, channels=1), weights=False
    )
    head = getattr(network, "segmentation_head", network)
    bias = [module.bias for module in head.modules() if isinstance(module, nn.Conv2d)][-1]
    assert bias is not None
    assert torch.sigmoid(bias).item() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("arch", "encoder", "near"),
    [
        ("unet++", "resnet34", "unet"),
        ("compactnet", "resnet34", "compactunet"),
        ("unet", "resnet35", "resnet34"),
        ("unet", "efficientnet_b0", "efficientnet-b0"),
        ("unet", "convnext_tiny", "tu-convnext_tiny"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(arch: str, encoder: str, near: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_names(arch, encoder)
    assert near in str(caught.value.hint)


@pytest.mark.parametrize(
    ("arch", "encoder"), [("unetplusplus", "mit_b0"), ("dpt", "resnet34"), ("deeplabv3", "vgg11_bn")]
)
def test_a_pair_that_does_not_go_together_is_refused(arch: str, encoder: str) -> None:
    check_names(arch, encoder)
    with pytest.raises(ModelError, match="cannot use the encoder"):
        build_network(params(arch=arch, encoder=encoder), weights=False)


def test_crops_that_the_network_cannot_halve_are_refused() -> None:
    with pytest.raises(ModelError, match="multiple of 64") as caught:
        build_network(params(widths=(4, 4, 4, 4, 4, 4), crop_size=96), weights=False)
    assert caught.value.hint == "-S train.crop_size=128"


def test_crops_too_small_for_an_architecture_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot take crops of 32 px"):
        build_network(params(arch="pan", encoder="resnet18", crop_size=32), weights=False)


def test_the_names_known_without_asking_do_exist() -> None:
    import segmentation_models_pytorch as smp

    assert set(known_architectures()) == {COMPACT, *smp.MODEL_ARCHITECTURES_MAPPING} >= _ARCHITECTURES
    assert set(known_encoders()) >= _ENCODERS


def test_a_right_name_and_an_architectures_wrong_one_are_told_without_torch() -> None:
    code = """
import sys
from tilecli.errors import ModelError
from tilecli.learning.names import check_names
check_names("unet", "resnet34")
try:
    check_names("unett", "resnet34")
except ModelError as error:
    assert "did you mean unet" in error.hint, error.hint
else:
    raise AssertionError
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert importlib.util.find_spec("torch") is not None


def test_compactunet_says_that_it_takes_no_weights() -> None:
    heard: list[progress.Event] = []
    with progress.listen(heard.append):
        assert build(params(encoder_weights="imagenet", widths=(4, 6)), weights=True).encoder_weights == "none"
    assert [event.kind for event in heard] == ["warning"]


@pytest.mark.parametrize(("arch", "encoder"), [("compactunet", "resnet34"), ("unet", "resnet18")])
def test_a_network_has_a_map_for_each_class(arch: str, encoder: str) -> None:
    params = TrainParams(arch=arch, encoder=encoder, encoder_weights="none", widths=(8, 16), crop_size=64)
    network = build_network(params, weights=False, outputs=3).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, 1, 64, 96))
    assert logits.shape == (2, 3, 64, 96)
    assert torch.equal(strongest(logits), logits.max(dim=1).values)
    assert torch.equal(strongest(logits[:, :1]), logits[:, 0])
