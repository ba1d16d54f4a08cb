"""Names of architectures and encoders, checked in no time where they are well known. Imports torch only in doubt."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tilecli.errors import ModelError, near_matches

COMPACT = "compactunet"
_PACKAGE = "segmentation_models_pytorch"

# Every version of segmentation-models-pytorch that we accept has these, so a right name needs no slow import to be
# recognised. The package itself is asked about any other name.
_ARCHITECTURES = frozenset(
    {
        *("unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "deeplabv3", "deeplabv3plus"),
        *("pan", "upernet", "segformer", "dpt"),
    }
)
_ENCODERS = frozenset(
    {
        *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"),
        *("densenet121", "densenet169", "vgg11_bn", "vgg16_bn", "mobilenet_v2", "mobileone_s0", "mobileone_s1"),
        *(f"efficientnet-b{size}" for size in range(8)),
        *(f"mit_b{size}" for size in range(6)),
        *("se_resnet50", "se_resnext50_32x4d"),
    }
)


def check_names(arch: str, encoder: str) -> None:
    """Raise ModelError with near matches for an architecture or an encoder that does not exist.

    Whether the two go together is known only when the network is built.
    """
    if arch == COMPACT:
        return
    if arch.lower() not in _ARCHITECTURES:
        _refuse_unknown_architecture(arch)
    if encoder not in _ENCODERS:
        _refuse_unknown_encoder(encoder)


def known_architectures() -> list[str]:
    """Every architecture of this installation, ours first.

    Newer ones than we know have a folder each, and those are listed seconds before the package is imported. Raises
    ModuleNotFoundError where it is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named '{_PACKAGE}'", name=_PACKAGE)
    newer = {init.parent.name for init in Path(spec.origin).parent.glob("decoders/*/__init__.py")}
    return [COMPACT, *sorted(_ARCHITECTURES | newer)]


def known_encoders() -> list[str]:
    """Every encoder of this installation by name; those of timm are `tu-` and timm's name."""
    import timm
    from segmentation_models_pytorch.encoders import encoders

    return [*sorted(encoders), *(f"tu-{name}" for name in timm.list_models())]


def _refuse_unknown_architecture(arch: str) -> None:
    known = known_architectures()
    if arch.lower() not in known:
        raise ModelError(
            f"unknown architecture '{arch}'",
            where="train.arch",
            hint=near_matches(arch, known) or "known: " + ", ".join(known),
        )


def _refuse_unknown_encoder(encoder: str) -> None:
    # timm's names may carry the tag of a set of weights: resnet18.a1_in1k
    known = known_encoders()
    if encoder.partition(".")[0] not in known and encoder not in known:
        near = near_matches(encoder, known)
        if not near and not encoder.startswith("tu-"):
            near = near_matches(f"tu-{encoder}", known)
        raise ModelError(
            f"unknown encoder '{encoder}'",
            where="train.encoder",
            hint=near or "for example resnet34, efficientnet-b0, mit_b0, tu-convnext_tiny",
        )
