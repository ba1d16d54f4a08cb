"""`tiles exp note`: say something of an experiment, or mark it with a star."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def note(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Experiment or commit.")],
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What to say; '' takes the note away.")] = None,
    star: Annotated[bool | None, typer.Option("--star/--unstar", help="Mark it with a star, or take it away.")] = None,
    as_json: Json = False,
) -> None:
    """Keep a note or a star with an experiment, for everybody who looks at it; without either, show them.

    They are git notes (refs/notes/tiles), and tiles exp push and pull take them along.

    Example: tiles exp note higher-rate "best so far, unstable past epoch 20" --star
    """
    from tilecli.errors import UsageError
    from tilecli.experiments import remarks
    from tilecli.experiments.naming import resolve
    from tilecli.layout import find_project

    project = find_project()
    record = resolve(project, name)
    if not record.rev:
        raise UsageError(f"'{name}' is no commit yet, and a note needs one", hint="tiles exp run makes an experiment")
    if text is None and star is None:
        said = remarks.of_all(project).get(record.rev, remarks.Remark())
    else:
        said = remarks.change(project, record.rev, star=star, note=text)
    if as_json:
        terminal.print_json({"name": record.name, "rev": record.rev, "star": said.star, "note": said.note})
        return
    sign = "[uncertain]★[/] " if said.star else ""
    words = terminal.plain(said.note) if said.note else "[muted]no note[/]"
    terminal.say(f"{sign}[bold]{terminal.plain(record.name)}[/]: {words}")
