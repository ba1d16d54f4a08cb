"""`tiles data export`: the dataset in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="coco, yolo-seg, mvtec or voc.")],
    subset: Annotated[
        list[str] | None, typer.Option("--subset", help="train, valid or test; repeatable. Default: all photos.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write photos and masks for another tool; `tiles init --source DIR` reads every one of these formats back.

    Every pixel of the masks is kept: COCO as RLE, YOLO-seg as polygons cut where a defect has a hole.
    Example: tiles data export ../for-yolo --to yolo-seg
    """
    from tilecli.cli.live import display
    from tilecli.data.formats.export import export_dataset
    from tilecli.layout import find_project

    project = find_project()
    with display():
        done = export_dataset(project, folder, to, subset or ())
    if as_json:
        terminal.print_json({"folder": str(folder), "format": to, **vars(done)})
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in done.photos.items())
    typer.echo(str(folder))
    terminal.say(f"{sum(done.photos.values()):,} photos as {to}: {counts}")
    if done.left_out:
        terminal.say(f"[warning]{done.left_out:,} photos that the split leaves out stay here[/]")
    if done.typeless:
        named = ", ".join(done.typeless[:3]) + (" …" if len(done.typeless) > 3 else "")
        terminal.say(
            f"[warning]{len(done.typeless):,} photos of a defect type have an empty mask[/]; {to} has no place "
            f"for their type, and they come back as good ({terminal.plain(named)})"
        )
