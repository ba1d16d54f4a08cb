"""`tiles studio`: the whole project in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.browser import open_page
from tilecli.cli.verb import verb


@verb
def studio(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any free one.")] = 8020,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show everything, change nothing.")] = False,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help="A running tiles serve; its drift and shadow are shown."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
) -> None:
    """Show experiments, runs, queue, data and models in a browser, live, on this machine alone.

    Example: tiles studio
    """
    import os

    from tilecli.delivery.check.endpoint import key_from
    from tilecli.layout import find_project
    from tilecli.serving.address import checked
    from tilecli.serving.process.local import serve_locally
    from tilecli.studio.app import make_app
    from tilecli.studio.studio import Studio

    project = find_project()
    url = checked(endpoint, "ask", "--endpoint", "http://127.0.0.1:8000") if endpoint else None
    key = key_from(os.environ, None) if url else None

    def ready(url: str) -> None:
        terminal.say(f"[good]ready[/] on [accent]{url}[/]; Ctrl-C stops")
        if browser:
            open_page(url)

    try:
        serve_locally(lambda hosts: make_app(Studio(project, read_only, url, key), hosts), port, ready)
    except KeyboardInterrupt:
        terminal.say("stopped")
