"""`tiles data log` and `rollback`: which versions there were, and the way back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.versions.log import Logged


@verb
def log(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many commits.")] = 20,
    as_json: Json = False,
) -> None:
    """List the commits that changed the data: when, what, by whom, and their tags.

    Example: tiles data log -n 5
    """
    from tilecli.layout import find_project
    from tilecli.versions import log as library

    found = library.history(find_project(), count)
    if as_json:
        terminal.print_json([entry.as_dict() for entry in found])
        return
    if not found:
        terminal.say('no commit holds data yet: [command]tiles data commit -m "Base dataset"[/]')
        return
    columns = [("commit", "left"), ("date", "left"), ("photos", "right"), ("changes", "left"), ("tags", "left")]
    rows = [
        [
            entry.rev[:7],
            entry.date[:10],
            "–" if entry.photos is None else str(entry.photos),
            _changes(entry),
            terminal.plain(", ".join(entry.tags)),
            terminal.plain(entry.message),
        ]
        for entry in found
    ]
    terminal.console().print(terminal.table("", [*columns, ("message", "left")], rows))
    if any(entry.counts is None for entry in found):
        terminal.say("[muted]–: the files of this version are not on this machine; tiles data pull REV[/]")


@verb
def rollback(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Tag, commit or branch to go back to.")] = None,
    with_code: Annotated[
        bool, typer.Option("--with-code", help="Settings, code, model and records go back as well.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last rollback back.")] = False,
    as_json: Json = False,
) -> None:
    """Make the data those of an earlier version, as a new commit; refuses to lose what is in no commit.

    Example: tiles data rollback base-dataset
    """
    from tilecli.errors import UsageError
    from tilecli.layout import find_project
    from tilecli.versions import rollback as library

    if undo == (name is not None) or (undo and with_code):
        raise UsageError("give either a version or --undo alone", hint="tiles data rollback NAME")
    project = find_project()
    done = library.undo(project) if name is None else library.rollback(project, name, with_code=with_code)
    if as_json:
        changes = {"commit": done.rev, "target": done.target, "photos": done.photos, "changes": done.counts}
        terminal.print_json(changes)
        return
    if not done.rev:
        terminal.say("everything is as it was there already" if name else "the interrupted rollback is taken back")
        return
    changed = ", ".join(f"{count} {kind}" for kind, count in done.counts.items() if count) or "the same photos"
    terminal.say(f"back at {terminal.plain(name or done.target[:7])}: {done.photos} photos ({changed})")
    terminal.say(f"[muted]commit {done.rev[:7]}; tiles data rollback --undo takes it back[/]")
    if not with_code:
        terminal.next_commands("tiles train")


def _changes(entry: Logged) -> str:
    if entry.counts is None:
        return "–"
    signs = {"added": "+", "removed": "−", "relabelled": "~", "replaced": "≠"}
    return " ".join(f"{signs[kind]}{count}" for kind, count in entry.counts.items() if count) or "order only"
