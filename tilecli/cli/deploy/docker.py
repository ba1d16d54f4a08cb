"""`tiles deploy docker`: the bundle as an image."""

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
def docker(
    bundle: BundleFolder = None,
    model: Model = None,
    out: Out = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", "-t", metavar="NAME:TAG", help="Default: the project's name, the bundle's version."),
    ] = None,
    base_image: BaseImage = None,
    no_build: Annotated[bool, typer.Option("--no-build", help="Write the folder only.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Push the image, too.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write a folder to build the image from, and build it where docker is: no torch, not root, nothing written to.

    The packages are pinned at the versions that are installed here. Keys are given when the image is run.

    Example: tiles deploy docker --model prod --tag registry.local/parts:1 --push
    """
    from tilecli.delivery.images import context as contexts
    from tilecli.delivery.images import docker as library
    from tilecli.errors import UsageError

    if push and no_build:
        raise UsageError("--push needs the image that --no-build does not build", hint="give one of them")
    found = options.planned(bundle, model, "docker", base_image)
    name = tag or f"{found.facts.name}:{found.facts.version}"
    library.check_tag(name)
    folder = options.folder_of(out)
    commands = [] if no_build else [library.build(folder, name), *([library.push(name)] if push else [])]
    if dry_run:
        contexts.check_place(folder)
        if as_json:
            terminal.print_json(options.as_json(found, folder, commands, written=False))
        else:
            options.show(found, folder, commands)
        return
    contexts.write(found, folder)
    terminal.say(f"[good]✓[/] {terminal.plain(options.shown(folder))}: bundle {found.facts.version}")
    here = library.is_here()
    for command in commands:
        if here:
            library.run(command)
        else:
            terminal.say(f"there is no docker here; where there is: [command]{terminal.plain(shlex.join(command))}[/]")
    if as_json:
        terminal.print_json(options.as_json(found, folder, commands, written=True, built=here and bool(commands)))
    elif here and commands:
        terminal.say(f"[good]✓[/] image {terminal.plain(name)}")
        terminal.next_commands(
            f"docker run --rm --read-only --cap-drop ALL -e TILES_API_KEYS -p 127.0.0.1:8000:8000 {name}",
            "tiles deploy check http://127.0.0.1:8000 --wait 60",
        )
