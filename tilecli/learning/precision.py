"""In which number format, memory layout and with how many threads to train here, and why. Recorded with the run.

The machine itself is looked at in `tilecli.hardware`; this module asks torch for what torch can do with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import torch

from tilecli import hardware
from tilecli.config import TrainParams
from tilecli.errors import ModelError

Name = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class Precision:
    """What was chosen."""

    name: Name
    device: str  # "cpu" or "cuda:0"
    channels_last: bool
    threads: int  # for torch's own work on the CPU
    reason: str  # in words, for the user

    @property
    def autocast(self) -> torch.dtype | None:
        """The type that torch.autocast takes; None runs plain float32."""
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]

    @property
    def lightning(self) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
        """Lightning's word for it; `16-mixed` scales the loss."""
        names: dict[Name, Literal["32-true", "bf16-mixed", "16-mixed"]]
        names = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
        return names[self.name]

    @property
    def memory_format(self) -> torch.memory_format:
        """How images and weights lie in memory."""
        return torch.channels_last if self.channels_last else torch.contiguous_format


def choose(params: TrainParams) -> Precision:
    """What `params.device` and `params.precision` mean on this machine; ModelError where it cannot do it."""
    device = choose_device(params.device)
    threads = choose_threads()
    if device.startswith("cuda"):
        return _on_gpu(device, params.precision, threads)
    return _on_cpu(params.precision, threads)


def choose_device(wanted: str) -> str:
    """`auto`, `cpu`, `cuda` or `cuda:N` → `cpu` or `cuda:N`; ModelError where there is no such device."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    kind, colon, number = wanted.partition(":")
    if wanted not in {"auto", "cuda"} and not (kind == "cuda" and colon and number.isdigit()):
        raise ModelError(
            f"unknown device '{wanted}'; known are auto, cpu, cuda and cuda:N",
            where="train.device",
            hint="-S train.device=auto",
        )
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= found:
        raise ModelError(
            f"the device {wanted} is not here: this machine has {found or 'no'} CUDA GPU{'s' if found > 1 else ''}",
            where="train.device",
            hint="-S train.device=auto",
        )
    return f"cuda:{int(number or 0)}"


def choose_threads() -> int:
    """Threads for torch: `OMP_NUM_THREADS` where the user set it, else every core that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else hardware.usable_cores()


def cpu_bf16() -> str:
    """The CPU feature that makes bf16 faster than float32 here, or an empty string."""
    features = hardware.cpu_features()
    # torch's own probes see through emulators; they are private and may go, then the system's word must do.
    amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
    avx = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if amx() if amx else "amx_bf16" in features:
        return "AMX"
    if avx() if avx else "avx512_bf16" in features:
        return "AVX-512 BF16"
    return ""


def _on_cpu(wanted: str, threads: int) -> Precision:
    # Channels last pays in float32 too, most with few channels, and costs nothing: benchmarks/memory_format.py.
    feature = cpu_bf16()
    if wanted == "fp16":
        raise ModelError(
            "fp16 is for GPUs; on a CPU it is slower than float32 and loses small gradients",
            where="train.precision",
            hint="-S train.precision=auto",
        )
    if wanted == "bf16" and not feature:
        raise ModelError(
            "this CPU has no bf16 instructions (AMX or AVX-512 BF16); bf16 would be emulated and slower than float32",
            where="train.precision",
            hint="-S train.precision=auto",
        )
    if wanted == "fp32" or not feature:
        reason = "asked for" if wanted == "fp32" else "this CPU has no bf16 instructions"
        return Precision("fp32", "cpu", channels_last=True, threads=threads, reason=reason)
    reason = "asked for" if wanted == "bf16" else f"this CPU has {feature}"
    return Precision("bf16", "cpu", channels_last=True, threads=threads, reason=reason)


def _on_gpu(device: str, wanted: str, threads: int) -> Precision:
    with torch.cuda.device(device):
        name = torch.cuda.get_device_name()
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        tensor_cores = torch.cuda.get_device_capability() >= (7, 0)
    if wanted == "bf16" and not bf16:
        raise ModelError(f"the {name} has no bf16", where="train.precision", hint="-S train.precision=auto")
    if wanted == "auto":
        chosen: Name = "bf16" if bf16 else "fp16" if tensor_cores else "fp32"
        reason = {"bf16": "has bf16", "fp16": "has fp16 tensor cores and no bf16", "fp32": "has no tensor cores"}[
            chosen
        ]
        return Precision(chosen, device, channels_last=chosen != "fp32", threads=threads, reason=f"the {name} {reason}")
    asked: Name = "bf16" if wanted == "bf16" else "fp16" if wanted == "fp16" else "fp32"
    return Precision(asked, device, channels_last=asked != "fp32", threads=threads, reason="asked for")
