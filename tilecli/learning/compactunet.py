"""A small plain U-Net that learns from scratch: two 3×3 convolutions per level, a norm, ReLU.

Made for a few hundred photos and a CPU: a stride-2 stem quarters the pixels that everything else works on, and there
is nothing to download. With the default widths it has 1.0 M parameters (Ronneberger et al., MICCAI 2015, with a
norm, nearest-neighbour upsampling and padded convolutions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F

Norm = Literal["batch", "group", "instance"]

_GROUP = 8  # channels that are normalised together; Wu and He (ECCV 2018) find 16 best, of far wider levels


class CompactUNet(nn.Module):
    """N×C×H×W → logits N×K×H×W; H and W must be multiples of `multiple`."""

    def __init__(self, channels: int, widths: Sequence[int], norm: Norm = "batch", outputs: int = 1) -> None:
        """`widths` are the channels per level, finest first; the finest level has half the input's resolution.

        norm: over the batch (Ioffe and Szegedy, ICML 2015), or over each photo, by groups of channels or one by one.
        outputs: K, maps of logits.
        """
        super().__init__()
        self.multiple = 2 ** len(widths)
        self.stem = _conv(channels, widths[0], norm, stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_conv(before, width, norm), *([] if level == 0 else [_conv(width, width, norm)]))
            for level, (before, width) in enumerate(zip((widths[0], *widths), widths, strict=False))
        )
        self.up = nn.ModuleList(
            nn.Sequential(_conv(below + width, width, norm), _conv(width, width, norm))
            for width, below in zip(reversed(widths[:-1]), reversed(widths[1:]), strict=True)
        )
        self.head = nn.Conv2d(widths[0], outputs, kernel_size=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits at the input's resolution."""
        features = self.stem(image)
        skips = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else F.max_pool2d(features, 2))
            skips.append(features)
        skips.pop()
        for block in self.up:
            larger = F.interpolate(features, scale_factor=2.0, mode="nearest")
            features = block(torch.cat([larger, skips.pop()], dim=1))
        logits: torch.Tensor = self.head(features)
        return F.interpolate(logits, scale_factor=2.0, mode="bilinear", align_corners=False)


def _conv(before: int, after: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel_size=3, stride=stride, padding=1, bias=False),
        _norm(after, norm),
        nn.ReLU(inplace=True),
    )


def _norm(channels: int, kind: Norm) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    # The largest group of at most eight channels that divides them; the instance norm is that of groups of one.
    size = 1 if kind == "instance" else max(size for size in range(1, _GROUP + 1) if channels % size == 0)
    return nn.GroupNorm(channels // size, channels)
