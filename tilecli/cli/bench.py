"""`tiles bench`: how fast this machine is at the work, as ratios measured side by side."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

# What can be asked for, and the module that measures it.
_PARTS = {"commands": "commands", "inference": "inference", "serve": "serve", "train": "training"}
_FORMER = {"training": "train"}  # names that parts had


@verb
def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[commands|inference|serve|train]…", help="What to measure; default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure whole commands, inference, serving and training against plain loops in the same run.

    Example: tiles bench train
    """
    import importlib

    from tilecli import hardware
    from tilecli.cli.live import display
    from tilecli.errors import UsageError, near_matches

    wanted = [_FORMER.get(part, part) for part in parts or _PARTS]
    for part in wanted:
        if part not in _PARTS:
            hint = near_matches(part, list(_PARTS)) or ", ".join(_PARTS)
            raise UsageError(f"there is no benchmark '{part}'", hint=hint)
    figures = []
    with display():
        for part in wanted:
            figures += importlib.import_module(f"tilecli.bench.{_PARTS[part]}").measure()
    machine = {
        "cpu": hardware.cpu_name(),
        "cores": hardware.usable_cores(),
        "features": sorted(hardware.cpu_features()),
    }
    if as_json:
        terminal.print_json({"machine": machine, "figures": [asdict(figure) for figure in figures]})
        return
    rows = [
        [
            figure.name,
            f"{terminal.number(figure.value)} {figure.unit}",
            f"{figure.ratio:.2f} ×" if figure.ratio is not None else "–",
            figure.against or "–",
        ]
        for figure in figures
    ]
    columns = [("what", "left"), ("median", "right"), ("speed", "right"), ("compared with", "left")]
    terminal.console().print(terminal.table(f"{machine['cpu']}, {machine['cores']} cores", columns, rows))
