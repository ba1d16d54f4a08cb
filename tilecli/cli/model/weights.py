"""`tiles model cache-weights`: pretrained weights as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def cache_weights(
    encoders: Annotated[list[str], typer.Argument(metavar="ENCODER…", help="For example resnet34 tu-convnext_tiny.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path("weights"),
    as_json: Json = False,
) -> None:
    """Save encoders' pretrained weights as files, for a site without a network.

    Example: tiles model cache-weights resnet34 --out /media/stick
    """
    from dataclasses import asdict

    from tilecli.cli.live import display
    from tilecli.learning.carry import carry

    with display():
        carried = [carry(encoder, out) for encoder in encoders]
    if as_json:
        terminal.print_json([{**asdict(one), "path": str(one.path)} for one in carried])
        return
    rows = [
        [one.encoder, terminal.plain(one.path), f"{one.megabytes:.1f}", one.setting, one.repository] for one in carried
    ]
    columns = [("encoder", "left"), ("file", "left"), ("MB", "right"), ("weights", "left"), ("from", "left")]
    terminal.console().print(terminal.table("", columns, rows))
    first = carried[0]
    terminal.say(
        "carry the files along; there, type: [command]tiles train --encoder "
        f"{first.encoder} --encoder-weights {terminal.plain(first.path.name)}[/] with the path of the file"
    )
