"""`tiles train --find-lr` and `tiles train --profile`: a few steps of a training, with no experiment and no trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tilecli.cli import terminal

if TYPE_CHECKING:
    from tilecli.config import TrainParams
    from tilecli.layout import Project
    from tilecli.learning.profile import Profile

_BARS = 60  # columns of the loss curve
_WORDS = {
    "data": "waiting for crops",
    "forward": "forward, with the loss",
    "backward": "backward",
    "optimiser": "optimiser and averaged weights",
    "loop": "everything else in the loop",
    "validation": "validation",
}


def find_rate(project: Project, wanted: Mapping[str, Any], *, as_json: bool) -> None:
    """Run the learning-rate range test with the settings `wanted` on top of params.yaml, and show what came of it."""
    from dataclasses import asdict

    from tilecli.cli.exp.columns import sparkline
    from tilecli.cli.live import display
    from tilecli.learning import find_rate as library

    settings = _ready(project, wanted)
    with display():
        found = library.find_rate(project, settings)
    command = f"tiles train --lr {found.suggestion:g}"
    if as_json:
        terminal.print_json({**asdict(found), "next": command})
        return
    out = terminal.console()
    curve = sparkline(found.losses, min(found.losses), max(found.losses), _BARS)
    ends = [f"{rate:.2g}" for rate in (found.rates[0], found.rates[-1])]
    out.print("Loss, smoothed, while the rate grows")
    out.print(f"[accent]{curve}[/]")
    out.print(f"[muted]{ends[0]:<{len(curve) - len(ends[1])}}{ends[1]}[/]")
    rows = [
        ["suggested peak", f"{found.suggestion:g}", "a tenth of the rate with the least loss"],
        ["steepest", f"{found.steepest:g}", "where the loss fell fastest"],
        ["least loss", f"{found.least:g}", "above this it rose again" + (", and diverged" if found.diverged else "")],
        ["now in params.yaml", f"{settings.learning_rate:g}", "train.learning_rate"],
    ]
    out.print(terminal.table("", [("", "left"), ("rate", "right"), ("", "left")], rows))
    terminal.say(f"nothing was kept or changed. To use it: [command]{command}[/]")


def profile(project: Project, wanted: Mapping[str, Any], *, as_json: bool) -> None:
    """Profile a training with the settings `wanted` on top of params.yaml, and show where its time goes."""
    from dataclasses import asdict

    from tilecli.cli.live import display
    from tilecli.learning import profile as library

    settings = _ready(project, wanted)
    with display():
        found = library.profile(project, settings)
    if as_json:
        shares = {"network_share": found.network_share, "peak_share": found.peak_share}
        terminal.print_json(asdict(found) | shares)
        return
    rows = [
        [
            _WORDS[name],
            f"{found.ms[name]:.1f}" if name in found.ms else f"{1e3 * found.validation_s:.0f} each time",
            terminal.percent(share),
        ]
        for name, share in found.epoch.items()
    ]
    title = f"{settings.arch}, {found.precision} on {found.device} with {found.threads} threads, {found.steps} steps"
    columns = [("part", "left"), ("ms a step", "right"), ("of a run", "right")]
    out = terminal.console()
    out.print(terminal.table(title, columns, rows))
    out.print(f"{terminal.number(found.photos_per_s)} photos/s in training")
    out.print(_peak(found))


def _peak(found: Profile) -> str:
    return (
        f"{terminal.number(found.gflops)} GFLOP/s in forward and backward, {terminal.percent(found.peak_share)} of the "
        f"{terminal.number(found.peak_gflops)} GFLOP/s that a large product or convolution reached just now"
    )


def _ready(project: Project, wanted: Mapping[str, Any]) -> TrainParams:
    """Photos and split up to date, and `params.train` with `wanted`, which is not written down."""
    from tilecli import paramfile
    from tilecli.cli.live import display
    from tilecli.errors import UsageError
    from tilecli.experiments import dvc
    from tilecli.experiments.project import prepare

    others = sorted(key for key in wanted if not key.startswith("train."))
    if others:
        raise UsageError(
            f"this only tries settings of the training, not {', '.join(others)}",
            hint=f"tiles split -S {others[0]}=… first",
        )
    prepare(project)
    with display():
        dvc.repro(project, ["split"])
    values = paramfile.parse_yaml(project.params.read_text(encoding="utf-8"), str(project.params))
    for key, value in wanted.items():
        paramfile.set_dotted(values, key, value)
    return paramfile.validate(values, "the command line").train
