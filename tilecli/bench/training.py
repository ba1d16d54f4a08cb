"""Training: the trainer with its data loading against bare loops over crops that lie ready, against smp in Lightning,
and against fastai; U-Net/ResNet-34, 224 px. And how much of a step of the `cpu` preset its network takes.

They take turns, so that a machine whose speed drifts is fair to all of them; fastai, much the slowest, has one turn.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch

from tilecli import paramfile, presets, progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.plain import fastai_missing, fastai_rate, lightning_rate
from tilecli.bench.project import small_project
from tilecli.config import Params, TrainParams
from tilecli.layout import Project, shipped
from tilecli.learning import fit, losses, network, precision
from tilecli.learning.profile import profile

BATCH = 16
SIZE = 224  # px
ROUNDS = 3
_FEW_STEPS = 2  # of an epoch, for those that are slow; so many batches of the sample's photos there are


def settings(steps: int) -> TrainParams:
    """The network and the crops that everything here trains with."""
    return TrainParams(
        arch="unet",
        encoder="resnet34",
        encoder_weights="none",
        channels=3,
        img_size=SIZE,
        crop_size=SIZE,
        batch_size=BATCH,
        steps_per_epoch=steps,
        epochs=2,
        ema=0.0,
    )


def measure(steps: int = 6) -> list[Figure]:
    """Photos per second of the trainer, of bare loops at its precision and in float32, and of what others use."""
    params = settings(steps)
    chosen = precision.choose(params)
    plain = precision.choose(params.model_copy(update={"precision": "fp32"}))
    torch.set_num_threads(chosen.threads)
    how: dict[str, Any] = {"batch": BATCH, "size": SIZE, "device": chosen.device}
    taken: dict[str, list[float]] = {name: [] for name in ("tiles", "bare", "fp32", "lightning", "fastai")}
    missing = fastai_missing()
    turns = ROUNDS * 4 + (0 if missing else 1)
    with tempfile.TemporaryDirectory() as folder, progress.task("bench train", turns, "runs") as task:
        project = small_project(Path(folder) / "project")
        for _ in range(ROUNDS):
            taken["fp32"].append(_bare(params, plain, steps))
            task.advance()
            taken["bare"].append(_bare(params, chosen, steps))
            task.advance()
            taken["lightning"].append(lightning_rate(project, steps=_FEW_STEPS, **how))
            task.advance()
            taken["tiles"].append(_trainer(project, params))
            task.advance()
        if missing:
            progress.warn(f"not compared with fastai: {missing}")
        else:
            taken["fastai"].append(fastai_rate(project, Path(folder) / "masks", steps=_FEW_STEPS, **how))
            task.advance()
        share = profile(project, cpu_preset()).network_share
    rates = {name: statistics.median(values) for name, values in taken.items() if values}
    ours = rates["tiles"]
    bare = Figure(
        f"training, bare {chosen.name} loop", rates["bare"], "photos/s", "bare fp32", rates["bare"] / rates["fp32"]
    )
    words = {
        "fp32": "bare fp32",
        "bare": f"bare {chosen.name}",
        "lightning": "smp in Lightning, fp32",
        "fastai": "fastai unet_learner, fp32",
    }
    return [
        Figure("training, bare fp32 loop", rates["fp32"], "photos/s"),
        bare,
        *(
            Figure(f"training, {words[name]}", rates[name], "photos/s")
            for name in ("lightning", "fastai")
            if name in rates
        ),
        *(
            Figure("training, tiles", ours, "photos/s", words[name], ours / rates[name])
            for name in words
            if name in rates
        ),
        Figure("cpu preset, forward and backward", 100 * share, "% of a step"),
    ]


def cpu_preset() -> TrainParams:
    """The training of the `cpu` preset, on a CPU."""
    values: dict[str, Any] = {}
    for key, value in presets.load(shipped("configs/cpu.yaml")).items():
        paramfile.set_dotted(values, key, value)
    paramfile.set_dotted(values, "train.device", "cpu")
    return paramfile.validate(values, "configs/cpu.yaml").train


def _bare(params: TrainParams, how: precision.Precision, steps: int) -> float:
    """Photos per second of forward, loss, backward and AdamW over one batch that lies in memory."""
    torch.set_num_threads(how.threads)
    torch.manual_seed(0)
    net = network.build_network(params, weights=False).to(how.device).to(memory_format=how.memory_format).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    image = torch.rand(BATCH, params.channels, SIZE, SIZE, device=how.device).to(memory_format=how.memory_format)
    mask = (torch.rand(BATCH, SIZE, SIZE, device=how.device) > 0.9).to(torch.uint8)
    kind = torch.device(how.device).type

    def step() -> None:
        with torch.autocast(kind, how.autocast, enabled=how.autocast is not None):
            logits = net(image)
        loss = losses.loss_of(params.loss, losses.pixel_sums(logits[:, 0], mask), params.dice_over)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        if kind == "cuda":
            torch.cuda.synchronize()

    return BATCH / median_seconds(step, runs=steps, warmup=2)


def _trainer(project: Project, params: TrainParams) -> float:
    """Photos per second of `fit.train` in its second epoch: the first one warms up."""
    rates: list[float] = []

    def listen(event: progress.Event) -> None:
        if event.kind == "epoch":
            rates.append(float(event.data["photos_per_s"]))

    with progress.listen(listen):
        fit.train(project, Params(train=params), resume=False)
    return rates[-1]
