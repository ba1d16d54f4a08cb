"""What channels last is worth on this CPU: forward and backward of several networks in both memory formats.

    python benchmarks/memory_format.py [--threads N] [--rounds N]

Float32, the formats taking turns, processor time of this process, so that other processes count for little; medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import segmentation_models_pytorch as smp
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from tilecli.learning.allocator import keep_freed_memory
from tilecli.learning.compactunet import CompactUNet

FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
# Crops, channels, side in px, network.
NETWORKS: dict[str, tuple[int, int, int, Callable[[], torch.nn.Module]]] = {
    "compactunet, preset cpu": (24, 1, 160, lambda: CompactUNet(1, (24, 32, 64, 96, 128))),
    "compactunet, group norm": (24, 1, 160, lambda: CompactUNet(1, (24, 32, 64, 96, 128), "group")),
    "unet, resnet34": (8, 3, 160, lambda: smp.Unet("resnet34", encoder_weights=None)),
    "unet, resnet18, grey": (8, 1, 160, lambda: smp.Unet("resnet18", encoder_weights=None, in_channels=1)),
    "fpn, mobilenet_v2": (8, 3, 160, lambda: smp.FPN("mobilenet_v2", encoder_weights=None)),
    "unetplusplus, convnext_tiny": (4, 3, 160, lambda: smp.UnetPlusPlus("tu-convnext_tiny", encoder_weights=None)),
    "segformer, mit_b0": (8, 3, 160, lambda: smp.Segformer("mit_b0", encoder_weights=None)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="after one that does not count")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    keep_freed_memory()
    for name, (crops, channels, side, make) in NETWORKS.items():
        images, truth = torch.randn(crops, channels, side, side), torch.rand(crops, 1, side, side).round()
        made = {which: make().to(memory_format=layout).train() for which, layout in FORMATS.items()}
        took: dict[str, list[float]] = {which: [] for which in FORMATS}
        for _ in range(asked.rounds + 1):
            for which, layout in FORMATS.items():
                seen = images.to(memory_format=layout)
                start = time.process_time()
                binary_cross_entropy_with_logits(made[which](seen), truth).backward()
                took[which].append(time.process_time() - start)
                made[which].zero_grad()
        middle = {which: statistics.median(times[1:]) for which, times in took.items()}
        ratio = middle["contiguous"] / middle["channels last"]
        print(
            f"{name:30}" + "".join(f"{which} {s:6.3f} s   " for which, s in middle.items()) + f"{ratio:.2f}×",
            flush=True,
        )


if __name__ == "__main__":
    main()
