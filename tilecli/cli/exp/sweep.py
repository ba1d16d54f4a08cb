"""`tiles exp sweep`: queue every combination of some settings."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json, Preset
from tilecli.cli.verb import verb


@verb
def sweep(
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", "-S", metavar="KEY=VALUES", help="1,2,3 or range(start,stop,step) or log(first,last,number)."
        ),
    ],
    preset: Preset = None,
    name: Annotated[str | None, typer.Option("--name", "-n", help="Names become NAME-1, NAME-2, …")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Why you try this.")] = None,
    jobs: Annotated[int | None, typer.Option("--start", min=1, help="Start this many workers at once.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be queued.")] = False,
    as_json: Json = False,
) -> None:
    """Queue every combination of the given values; each is checked before any is queued.

    Example: tiles exp sweep -S train.learning_rate=log(1e-4,1e-2,3) -S train.batch_size=8,16
    """
    from tilecli import paramfile
    from tilecli.cli import options
    from tilecli.cli.exp.queue import queue_up
    from tilecli.experiments.queue.enqueue import start_workers
    from tilecli.experiments.queue.grid import combinations, numbered
    from tilecli.layout import find_project

    project = find_project()
    grid = combinations(set_)
    changes = options.changer(project, preset)
    settings = [changes(chosen) for chosen in grid]
    if dry_run:
        if as_json:
            terminal.print_json(grid)
        else:
            for chosen in grid:
                terminal.console().print(
                    terminal.plain("  ".join(paramfile.as_override(key, value) for key, value in chosen.items()))
                )
        return
    queue_up(project, settings, numbered(name, len(grid)), message=message, as_json=as_json)
    if jobs:
        start_workers(project, jobs)
    terminal.next_commands(*([] if jobs else ["tiles exp start"]), "tiles exp status")
