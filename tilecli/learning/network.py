"""From `params.train` to a network that gives logits. No Lightning here; where weights come from is in `weights`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli import progress
from tilecli.config import TrainParams
from tilecli.data.preprocess import MULTIPLE
from tilecli.errors import ModelError
from tilecli.learning import names

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Built:
    """A network and what has to be known about it."""

    network: nn.Module  # N×C×H×W → logits N×K×H×W, one map per class
    multiple: int  # its input's height and width must be multiples of this, px
    encoder_weights: str  # really used: "none", "imagenet" or a file's name and hash


def build_network(params: TrainParams, *, weights: bool, outputs: int = 1) -> nn.Module:
    """The network alone; see `build`."""
    return build(params, weights=weights, outputs=outputs).network


def build(params: TrainParams, *, weights: bool, outputs: int = 1) -> Built:
    """The network that `params` describe, with its encoder's pretrained weights where `weights` is true.

    outputs: how many maps it gives, one for each type of defect where those are told apart.

    Without `weights` nothing is read or fetched: for a checkpoint that brings its own. Raises ModelError for an
    unknown architecture or encoder, for a pair that does not go together, and for weights that cannot be had.
    """
    names.check_names(params.arch, params.encoder)
    wanted = params.encoder_weights if weights else "none"
    built = (_compact if params.arch == names.COMPACT else _smp)(params, wanted, outputs)
    if params.crop_size % built.multiple:
        raise ModelError(
            f"this network needs crops of a multiple of {built.multiple} px, not {params.crop_size}",
            where="train.crop_size",
            hint=f"-S train.crop_size={-(-params.crop_size // built.multiple) * built.multiple}",
        )
    _start_from(built.network, params.prior_bias)
    _try(built.network, params, outputs)
    return built


def _compact(params: TrainParams, wanted: str, outputs: int) -> Built:
    from tilecli.learning.compactunet import CompactUNet

    if wanted not in {"auto", "none"}:
        progress.warn(f"compactunet learns from scratch: train.encoder_weights={wanted} is not used")
    network = CompactUNet(params.channels, params.widths, params.norm, outputs)
    return Built(network, max(MULTIPLE, network.multiple), "none")


def _smp(params: TrainParams, wanted: str, outputs: int) -> Built:
    from tilecli.learning import weights

    if params.norm != "batch":
        progress.warn(f"{params.arch} has norms of its own: train.norm={params.norm} is not used")
    if wanted == "none":
        return _built(_create(params, None, outputs), "none")
    if wanted not in {"auto", "imagenet"}:
        network = _create(params, None, outputs)
        return _built(network, weights.load_file_weights(network.encoder, params.encoder, Path(wanted).expanduser()))
    hub = weights.hub_weights(params.encoder)
    cached = hub is not None and weights.is_cached(hub)
    if hub is None:
        problem = f"nobody publishes pretrained weights for the encoder {params.encoder}"
    elif cached or weights.is_reachable(hub):
        if not cached:
            progress.note(f"downloading pretrained weights: {hub.repository}")
        try:
            with weights.hub_mode(offline=cached):
                return _built(_create(params, hub.setting, outputs), hub.setting)
        except ModelError:
            raise
        except Exception as error:  # the hub's client raises anything from OSError to its own two dozen types
            problem = f"the weights {hub.repository} could not be fetched: {str(error).splitlines()[0]}"
    else:
        problem = f"the hub that has the weights {hub.repository} cannot be reached from here, and no copy is cached"
    if wanted == "imagenet":
        raise ModelError(
            problem,
            where="train.encoder_weights",
            hint="-S train.encoder_weights=FILE.safetensors for a file of your own, or =none to learn from scratch",
        )
    progress.warn(
        f"NO PRETRAINED WEIGHTS: {problem}. The encoder {params.encoder} learns from scratch, which takes far "
        "more steps; give a file with -S train.encoder_weights=FILE.safetensors"
    )
    return _built(_create(params, None, outputs), "none")


def _create(params: TrainParams, setting: str | None, outputs: int) -> Any:
    import segmentation_models_pytorch as smp

    # DPT's vision transformers otherwise take photos of one size only.
    extra = {"dynamic_img_size": True} if params.arch.lower() == "dpt" else {}
    try:
        return smp.create_model(
            params.arch,
            encoder_name=params.encoder,
            encoder_weights=setting,
            in_channels=params.channels,
            classes=outputs,
            **extra,
        )
    except (ValueError, KeyError, NotImplementedError, TypeError, AssertionError, AttributeError) as error:
        # Which encoder an architecture can use is known to its constructor only.
        raise ModelError(
            f"the architecture {params.arch} cannot use the encoder {params.encoder}: {error}",
            where="train.encoder",
            hint="-S train.encoder=resnet34",
        ) from error


def _built(network: Any, used: str) -> Built:
    return Built(network, max(MULTIPLE, int(network.encoder.output_stride)), used)


def _start_from(network: nn.Module, probability: float) -> None:
    """Let every pixel start from this probability of defect (Lin et al., ICCV 2017, 4.1).

    With the 0.5 of a plain start the first few hundred steps only teach the network that most pixels are good.
    """
    from torch import nn

    owner, name = last_layer(network)
    last = getattr(owner, name)
    if last.bias is not None:
        nn.init.constant_(last.bias, math.log(probability / (1 - probability)))


def last_layer(network: nn.Module) -> tuple[nn.Module, str]:
    """The module that owns the convolution which gives the logits, and its name there."""
    from torch import nn

    head = getattr(network, "segmentation_head", network)
    path = [name for name, module in head.named_modules() if isinstance(module, nn.Conv2d)][-1]
    parent, _, name = path.rpartition(".")
    if not path:  # the head is that convolution
        return network, "segmentation_head"
    return head.get_submodule(parent), name


def strongest(logits: torch.Tensor) -> torch.Tensor:
    """N×K×H×W → N×H×W: the logit of each pixel's likeliest class, which says how likely it is defect at all."""
    return logits[:, 0] if logits.shape[1] == 1 else logits.amax(dim=1)


def _try(network: nn.Module, params: TrainParams, outputs: int) -> None:
    """Run one empty crop through: some pairs of architecture and encoder fail only then."""
    import torch

    size = params.crop_size
    network.eval()
    try:
        with torch.inference_mode():
            shape = tuple(network(torch.zeros(1, params.channels, size, size)).shape)
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        raise ModelError(
            f"{params.arch} with {params.encoder} cannot take crops of {size} px: {str(error).splitlines()[0]}",
            where="train.arch",
            hint="-S train.arch=unet -S train.encoder=resnet34",
        ) from error
    if shape != (1, outputs, size, size):
        wanted = "one map" if outputs == 1 else f"{outputs} maps"
        raise ModelError(
            f"{params.arch} with {params.encoder} gives {shape} for crops of {size} px, not {wanted} of their size",
            where="train.arch",
            hint="-S train.arch=unet -S train.encoder=resnet34",
        )
    network.train()
