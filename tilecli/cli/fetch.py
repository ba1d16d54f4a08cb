"""`tiles fetch`: photos and masks into data/dataset, every one checked."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb


@verb
def fetch(
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="magnetic-tiles, sample, a folder, an archive, a URL or a CSV; repeatable."),
    ] = None,
    skip_bad: Annotated[
        bool | None, typer.Option("--skip-bad/--no-skip-bad", help="Go on without photos that fail a check.")
    ] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Get the photos, check every one and lay them into data/dataset.

    Example: tiles fetch --source photos.zip --skip-bad
    """
    from collections import Counter

    from tilecli.cli.pipeline import bring_up_to_date
    from tilecli.data.catalog import read_index

    typed = {"data.sources": source or None, "data.skip_bad": skip_bad}
    project, results, _ = bring_up_to_date("fetch", typed=typed, set_=set_, force=force)
    photos = read_index(project.index)
    counts = Counter(photo.defect for photo in photos)
    if as_json:
        terminal.print_json({"photos": len(photos), "defects": dict(counts), "dataset": str(project.dataset)})
        return
    rows = [[name, str(count)] for name, count in sorted(counts.items(), key=lambda item: -item[1])]
    rows.append(["all", str(len(photos))])
    terminal.console().print(terminal.table("Photos by type", [("type", "left"), ("photos", "right")], rows))
    skipped = results.get("skipped", {}).get("rows", [])
    if skipped:
        terminal.say(f"[warning]{len(skipped)} photos were left out[/]; why is written above")
    terminal.next_commands("tiles split", "tiles train")
