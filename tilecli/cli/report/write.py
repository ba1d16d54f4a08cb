"""`tiles report [RUN]`: the report, as a page and as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

Run = Annotated[
    str, typer.Argument(metavar="[RUN]", help="An experiment, a commit, a branch or workspace.", show_default=True)
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="RUN", help="What to compare with; default: the commit that RUN started from."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write to; default: the project's report/.")]


@verb
def write(
    run: Run = "workspace",
    against: Against = None,
    out: Out = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Your own Jinja2 template, of report.md or, named .html.j2, of report.html."),
    ] = None,
    eject: Annotated[
        bool, typer.Option("--eject-template", help="Write both templates to the folder, to change them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write report.md and report.html: figures with intervals, what changed, curves, pictures, how to make it again.

    Reads records only. A verdict of `tiles report gate` for the same run is part of it.

    Example: tiles report high-rate --against main
    """
    from tilecli.layout import find_project
    from tilecli.reporting import collect, decision, render

    project = find_project()
    folder = out or project.report
    if eject:
        made = [render.eject(folder, name) for name in (render.MARKDOWN, render.HTML)]
    else:
        found = collect.collect(project, run, against)
        verdict = decision.read(folder, found.run.record)
        made = render.write(found, folder, verdict, template)
    if as_json:
        terminal.print_json([str(path) for path in made])
        return
    for path in made:
        terminal.say(f"[command]{terminal.plain(path)}[/]")
