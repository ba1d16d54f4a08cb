"""`tiles data ignore`: say that a finding of the audit is well, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def ignore(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND|PHOTO]…",
            help="Kinds of findings, photos, or both: these kinds about these photos. None: list what is ignored.",
        ),
    ] = None,
    because: Annotated[str | None, typer.Option("--because", metavar="WORDS", help="Why it is well.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Show these findings again.")] = False,
    as_json: Json = False,
) -> None:
    """Ignore findings of `tiles data audit`, kept in data/audit_ignored.csv for everyone.

    Example: tiles data ignore speck exp1_num_274094 --because "a second, tiny chip"
    """
    from tilecli.audit.ignored import change, read_ignored
    from tilecli.errors import UsageError
    from tilecli.layout import find_project

    project = find_project()
    if what:
        if not remove and not (because or "").strip():
            raise UsageError("nothing says why", where="--because", hint='--because "a stain that never matters"')
        changed = change(project, what, because=None if remove else str(because).strip())
        terminal.say(f"{'shown again' if remove else 'ignored'}: {changed}, in data/audit_ignored.csv")
    lines = read_ignored(project.audit_ignored)
    if as_json:
        terminal.print_json([vars(line) for line in lines])
    elif not what:
        if not lines:
            terminal.say("nothing is ignored. [muted]next:[/]  [command]tiles data audit[/]")
            return
        columns = [(name, "left") for name in ("kind", "photo or type", "because", "by", "date")]
        rows = [
            [terminal.plain(cell) for cell in (one.kind or "any", one.subject or "any", one.because, one.by, one.date)]
            for one in lines
        ]
        terminal.console().print(terminal.table("", columns, rows))
    if what:
        terminal.next_commands("tiles data audit", "git add data/audit_ignored.csv && git commit")
