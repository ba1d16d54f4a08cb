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
) -> None:
    """Write the pages as they are now into a folder, which opens from disk and fetches nothing.

    Example: tiles studio export site && xdg-open site/index.html
    """
    from tilecli.cli.live import display
    from tilecli.layout import find_project
    from tilecli.studio import export as exporting

    project = find_project()
    with display():
        first = exporting.write(project, folder)
    terminal.say(str(first))
