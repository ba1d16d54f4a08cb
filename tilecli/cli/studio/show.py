"""`tiles studio`: the whole project in a browser, live."""

from __future__ import annotations

import os
import secrets
from typing import Annotated
from urllib.parse import quote

import typer

from tilecli.cli import terminal
from tilecli.cli.browser import open_page
from tilecli.cli.verb import verb


@verb
def show(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any free one.")] = 8020,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show everything, change nothing.")] = False,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help="A running tiles serve; its drift and shadow are shown."),
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(
            "--share",
            metavar="ADDRESS",
            help="Also for others in the network who have the key, read-only: an address of this machine.",
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
) -> None:
    """Show experiments, runs, queue, data and models in a browser, live.

    Only this machine reaches it, unless it is shared; the key is then in the address that is printed. TILES_STUDIO_KEY
    sets one that stays the same.

    Example: tiles studio
    """
    from tilecli.delivery.check.endpoint import key_from
    from tilecli.layout import find_project
    from tilecli.serving.address import checked
    from tilecli.serving.process.local import HOST, serve_locally
    from tilecli.studio.app import make_app
    from tilecli.studio.studio import Studio

    project = find_project()
    served = checked(endpoint, "ask", "--endpoint", "http://127.0.0.1:8000") if endpoint else None
    key = (os.environ.get("TILES_STUDIO_KEY") or secrets.token_urlsafe(16)) if share else ""
    shown = Studio(
        project,
        read_only=read_only or bool(share),
        key=key,
        endpoint=served,
        endpoint_key=key_from(os.environ, None) if served else None,
    )

    def ready(url: str) -> None:
        url = f"{url}/?key={quote(key, safe='')}" if key else url
        terminal.say(f"[good]ready[/] on [accent]{url}[/]; Ctrl-C stops")
        if browser:
            open_page(url)

    try:
        serve_locally(lambda hosts: make_app(shown, hosts), port, ready, share or HOST)
    except KeyboardInterrupt:
        terminal.say("stopped")
