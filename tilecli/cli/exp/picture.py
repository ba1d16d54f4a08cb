"""What the verbs that draw have in common: where the picture goes, and opening it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilecli.cli import terminal

Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="An .html or .png file to write.")]
Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


def show(path: Path) -> None:
    """Open a picture in the browser; says so where there is none."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        terminal.say("[warning]no browser could be opened here; the file is written[/]")
