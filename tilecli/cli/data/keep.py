"""`tiles data commit` and `tag`: a version is kept, and named."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

_NAMED = 6


@verb
def commit(
    message: Annotated[str, typer.Option("-m", "--message", help="What changed, and why.")],
    as_json: Json = False,
) -> None:
    """Commit the data, their settings and the results made of them; other changed files stay as they are.

    Example: tiles data commit -m "Base dataset"
    """
    from tilecli.layout import find_project
    from tilecli.versions import keep

    done = keep.commit(find_project(), message)
    if as_json:
        counts = {"rev": done.rev, "photos": done.photos, "changes": done.counts}
        terminal.print_json({**counts, "files": done.files, "left": done.left})
        return
    changes = ", ".join(f"{count} {kind}" for kind, count in done.counts.items() if count) or "no photo changed"
    terminal.say(f"committed [bold]{done.rev[:7]}[/]: {done.photos} photos ({changes}), {len(done.files)} files")
    if done.left:
        more = " …" if len(done.left) > _NAMED else ""
        names = terminal.plain(", ".join(done.left[:_NAMED]))
        terminal.say(f"[muted]not committed, as they are no data: {names}{more}[/]")
    terminal.next_commands("tiles data tag NAME", "tiles data push")


@verb
def tag(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as base-dataset.")],
    message: Annotated[str | None, typer.Option("-m", "--message", help="What is special about this version.")] = None,
) -> None:
    """Give the version of the last commit a name.

    Example: tiles data tag base-dataset -m "the first photos of line 3"
    """
    from tilecli.layout import find_project
    from tilecli.versions import keep

    rev = keep.tag(find_project(), name, message)
    terminal.say(f"[bold]{terminal.plain(name)}[/] is {rev[:7]}")
    terminal.next_commands(f"tiles data rollback {name}")
