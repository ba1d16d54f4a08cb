"""`tiles studio export`: its pages as a folder that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.verb import verb


@verb
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one that an export wrote.")],
    views: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="VIEW",
            help="Views by their addresses, as copied from the browser; the first one opens. "
            "Runs and comparisons are in it only if they are named here or by --runs.",
        ),
    ] = None,
    runs: Annotated[
        str,
        typer.Option("--runs", metavar="WHICH", help="Pages of further runs: starred, all, or so many of the latest."),
    ] = "",
    photos: Annotated[
        bool, typer.Option("--photos/--no-photos", help="Pictures of the runs, and of the data where they are named.")
    ] = True,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="MB", min=1, help="How much all pictures may be; 500 MB unasked.")
    ] = None,
) -> None:
    """Write pages as they are now into a folder, which opens from disk and fetches nothing.

    Example: tiles studio export site "http://127.0.0.1:8020/compare/?runs=first,second" && xdg-open site/index.html
    """
    from tilecli.cli.live import display
    from tilecli.layout import find_project
    from tilecli.studio.export.pictures import MB
    from tilecli.studio.export.write import LIMIT_MB, write

    project = find_project()
    with display():
        made = write(project, folder, views or [], runs=runs, photos=photos, limit=(limit or LIMIT_MB) * MB)
    terminal.say(str(made.first))
    counted = [(made.pages, "pages"), (made.runs, "runs"), (made.pictures, "pictures")]
    words = ", ".join(f"{count:,} {what if count != 1 else what[:-1]}" for count, what in counted if count)
    terminal.say(f"[muted]{words}; {terminal.size(made.size)}[/]")
