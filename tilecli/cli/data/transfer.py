"""`tiles data push` and `pull`: versions of the photos and models to a remote and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.remotes.exchange import Exchanged

Revisions = Annotated[
    list[str] | None, typer.Argument(metavar="[REV]...", help="Commits, branches or tags; left out: the present one.")
]
Everything = Annotated[bool, typer.Option("--all", help="Every version that a branch or a tag leads to.")]
RemoteName = Annotated[
    str | None, typer.Option("--remote", "-r", metavar="NAME", help="The remote; left out: the default one.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many files go at once.")]
Verify = Annotated[
    bool, typer.Option("--verify", help="Read all files on the receiving side too, and mend those that are damaged.")
]


def _transfer(way: Literal["push", "pull"], doc: str) -> Callable[..., None]:
    """The verb `way`: both have the same options."""

    def transfer(
        revs: Revisions = None,
        everything: Everything = False,
        remote: RemoteName = None,
        jobs: Jobs = None,
        verify: Verify = False,
        as_json: Json = False,
    ) -> None:
        from tilecli.cli.live import display
        from tilecli.errors import UsageError
        from tilecli.experiments.remotes import exchange
        from tilecli.layout import find_project

        if revs and everything:
            raise UsageError("--all takes every version; name some, or give --all")
        work = exchange.push if way == "push" else exchange.pull
        with display():
            done = work(find_project(), revs or [], everything=everything, remote=remote, jobs=jobs, verify=verify)
        _report(done, way, as_json=as_json)

    transfer.__doc__ = doc
    return verb(transfer)


push = _transfer(
    "push",
    """Copy versions to a remote: only files that are not there yet. After an interruption it goes on where it was.

    Example: tiles data push
    """,
)
pull = _transfer(
    "pull",
    """Fetch versions from a remote, verified; without REV, put the present one into the workspace.

    Example: tiles data pull
    """,
)


def _report(done: Exchanged, way: Literal["push", "pull"], *, as_json: bool) -> None:
    from tilecli.experiments.remotes import exchange

    if as_json:
        terminal.print_json(asdict(done))
    else:
        name = f"[bold]{terminal.plain(done.remote)}[/]"
        where = f"to {name}" if way == "push" else f"from {name}"
        there = "there" if way == "push" else "here"
        copied = f"{terminal.counted(done.copied, 'file')} ({terminal.size(done.bytes)})"
        moved = f"{'pushed' if way == 'push' else 'pulled'} {copied} {where}" if done.copied else "nothing to copy"
        known = (
            f"; {terminal.counted(done.known, 'file')} {'was' if done.known == 1 else 'were'} {there} already"
            if done.known
            else ""
        )
        terminal.say(f"{moved}{known}")
        for file in done.mended:
            terminal.say(f"[warning]mended:[/] {terminal.plain(file)}")
    plain_way: exchange.Way = "push" if way == "push" else "fetch"
    if done.damaged:
        raise exchange.damage(done, plain_way)
    if done.missing:
        raise exchange.lack(done, plain_way)
