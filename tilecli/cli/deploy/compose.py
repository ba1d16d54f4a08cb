"""`tiles deploy compose`: the image as a service, with Prometheus beside it."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.deploy import options
from tilecli.cli.deploy.options import BaseImage, DryRun, Out
from tilecli.cli.options import BundleFolder, Json, Model
from tilecli.cli.verb import verb


@verb
def compose(
    bundle: BundleFolder = None,
    model: Model = None,
    out: Out = None,
    base_image: BaseImage = None,
    up: Annotated[bool, typer.Option("--up", help="Build and start it, too.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write a folder for Docker Compose: the service with as few rights as it needs, and Prometheus with its figures.

    Keys are made once, in secrets/ of that folder, which git and Docker's build ignore.

    Example: tiles deploy compose --model prod --up
    """
    from tilecli.delivery.images import context as contexts
    from tilecli.delivery.images import docker as library
    from tilecli.delivery.images.recipe import KEYS_FILE

    found = options.planned(bundle, model, "compose", base_image)
    folder = options.folder_of(out)
    command = library.up(folder)
    if dry_run:
        contexts.check_place(folder)
        commands = [command] if up else []
        if as_json:
            terminal.print_json(options.as_json(found, folder, commands, written=False))
        else:
            options.show(found, folder, commands)
        return
    contexts.write(found, folder)
    terminal.say(f"[good]✓[/] {terminal.plain(options.shown(folder))}: bundle {found.facts.version}")
    terminal.say(f"keys are in {terminal.plain(options.shown(folder / KEYS_FILE))}; git ignores them")
    started = up and library.is_here()
    if started:
        library.run(command)
    else:
        why = "there is no docker here; where there is" if up else "to start it"
        terminal.say(f"{why}: [command]{terminal.plain(shlex.join(command))}[/]")
    if as_json:
        terminal.print_json(options.as_json(found, folder, [command], written=True, started=started))
    elif started:
        terminal.next_commands(
            f"tiles deploy check http://127.0.0.1:8000 --wait 60 --key-file {options.shown(folder / KEYS_FILE)}",
            "Prometheus: http://127.0.0.1:9090",
        )
