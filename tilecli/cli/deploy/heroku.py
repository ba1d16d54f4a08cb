"""`tiles deploy heroku`: the bundle as an app, without Docker or Heroku's command line here."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.deploy import options
from tilecli.cli.deploy.options import BaseImage, DryRun
from tilecli.cli.options import BundleFolder, Json, Model
from tilecli.cli.verb import verb


@verb
def heroku(
    app: Annotated[str, typer.Option("--app", "-a", help="The app's name on Heroku.")],
    bundle: BundleFolder = None,
    model: Model = None,
    base_image: BaseImage = None,
    set_up: Annotated[
        bool,
        typer.Option("--set-up", help="Give the app the container stack and the keys in TILES_API_KEYS first."),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Send the image's recipe to Heroku, have it built there and released. Nothing is left here.

    The token comes from HEROKU_API_KEY. A failed build leaves the app as it was.

    Example: TILES_API_KEYS=$(openssl rand -hex 24) tiles deploy heroku --app line-7 --model prod --set-up
    """
    from tilecli.cli.live import display
    from tilecli.delivery.images import heroku as library
    from tilecli.errors import UsageError
    from tilecli.serving.settings import KEYS_VARIABLE, keys_from

    keys = ",".join(keys_from(os.environ.get(KEYS_VARIABLE, ""))) if set_up else None
    if keys == "":
        hint = f"{KEYS_VARIABLE}=$(openssl rand -hex 24) in front of the command; keep it, clients need it"
        raise UsageError("--set-up has no keys to set", where=KEYS_VARIABLE, hint=hint)
    library.check_name(app)
    context = options.planned(bundle, model, "heroku", base_image)
    if dry_run:
        calls = library.calls(app, set_up=set_up)
        if as_json:
            terminal.print_json(options.as_json(context, None, [], app=app, calls=calls))
            return
        options.show(context, f"an archive for the app {app}", [])
        for call in calls:
            terminal.console().print(f"would call [command]{terminal.plain(call)}[/]", soft_wrap=True)
        return
    with library.Heroku(app, os.environ) as host, display():
        host.prepare(keys)
        released = host.release(context)
    if as_json:
        terminal.print_json({"app": app, "bundle": context.facts.version, **vars(released)})
        return
    took = terminal.duration(released.seconds)
    terminal.say(f"[good]✓[/] bundle {context.facts.version} on [accent]{terminal.plain(released.url)}[/] after {took}")
    terminal.next_commands(f"tiles deploy check {released.url} --wait 120")
