"""`tiles data gc`: frees what no version needs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    remote: Annotated[
        str | None,
        typer.Option("--remote", metavar="NAME", help="Of this remote instead of this machine's cache."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete files that no commit, tag, branch, experiment or queued run needs, here or in a remote.

    What other people committed and you have not fetched counts as unneeded in a remote: git fetch --all first.

    Example: tiles data gc --dry-run
    """
    from tilecli.errors import UsageError
    from tilecli.layout import find_project
    from tilecli.versions import gc as library

    project = find_project()
    if remote is not None:
        found = library.remote(project, remote, delete=False)
        objects, size, place = found.objects, found.bytes, f"of the remote {found.name}"
    else:
        work = library.plan(project)
        if work.shared:
            terminal.say(f"other projects may use the cache {terminal.plain(work.shared)}; its files stay")
        objects, size, place = len(work.files), work.bytes, "of the cache"
    if objects and not dry_run:
        what = f"delete {objects} files ({terminal.size(size)}) {place}"
        if not yes and not sys.stdin.isatty():
            raise UsageError(
                "files that are deleted cannot be brought back", hint="--dry-run counts them; --yes does it"
            )
        if not yes:
            typer.confirm(f"{what}?", abort=True, err=True)
        if remote is not None:
            library.remote(project, remote, delete=True)
        else:
            library.run(project, work)
    if as_json:
        terminal.print_json({"files": objects, "bytes": size, "remote": remote, "done": not dry_run})
        return
    if not objects:
        terminal.say(f"every file {place} is needed")
        return
    done = "would free" if dry_run else "freed"
    terminal.say(f"{done} {terminal.size(size)} in {objects} files {place}")
    if dry_run:
        terminal.next_commands("tiles data gc" + (f" --remote {remote}" if remote else ""))
