"""Training: the trainer with its data loading against bare loops over crops that lie ready, U-Net/ResNet-34, 224 px.

The three take turns, so that a machine whose speed drifts is fair to all of them.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import torch

from tilecli import progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.project import small_project
from tilecli.config import Params, TrainParams
from tilecli.layout import Project
from tilecli.learning import fit, losses, network, precision

BATCH = 16
SIZE = 224  # px
ROUNDS = 3


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
    """Photos per second of the trainer, of a bare loop at its precision, and of a bare loop in float32."""
    params = settings(steps)
    chosen = precision.choose(params)
    plain = precision.choose(params.model_copy(update={"precision": "fp32"}))
    taken: dict[str, list[float]] = {"tiles": [], "bare": [], "fp32": []}
    with tempfile.TemporaryDirectory() as folder, progress.task("bench training", ROUNDS * 3, "runs") as task:
        project = small_project(Path(folder))
        for _ in range(ROUNDS):
            taken["fp32"].append(_bare(params, plain, steps))
            task.advance()
            taken["bare"].append(_bare(params, chosen, steps))
            task.advance()
            taken["tiles"].append(_trainer(project, params))
            task.advance()
    rates = {name: statistics.median(values) for name, values in taken.items()}
    ours = rates["tiles"]
    return [
        Figure("training, bare fp32 loop", rates["fp32"], "photos/s"),
        Figure(
            f"training, bare {chosen.name} loop", rates["bare"], "photos/s", "bare fp32", rates["bare"] / rates["fp32"]
        ),
        Figure("training, tiles", ours, "photos/s", "bare fp32", ours / rates["fp32"]),
        Figure("training, tiles", ours, "photos/s", f"bare {chosen.name}", ours / rates["bare"]),
    ]


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
        loss = losses.loss_of(params.loss, losses.pixel_sums(logits[:, 0], mask))
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
