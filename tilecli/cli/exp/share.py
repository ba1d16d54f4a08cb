"""`tiles exp push`, `pull` and `list`: experiments to and from other people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.keep.share import Transferred

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Experiments; left out: all.")]
GitRemote = Annotated[str, typer.Option("--git-remote", metavar="NAME|URL", help="That has or gets the experiments.")]
DvcRemote = Annotated[
    str | None, typer.Option("--remote", "-r", metavar="NAME", help="DVC remote of their files; left out: the default.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Leave the files (data, model, pictures) out.")]
Replace = Annotated[bool, typer.Option("--force", "-f", help="Replace other experiments of the same name.")]


def _transfer(way: Literal["push", "pull"], doc: str) -> Callable[..., None]:
    """The verb `way`: both have the same options."""

    def transfer(
        names: Names = None,
        git_remote: GitRemote = "origin",
        remote: DvcRemote = None,
        no_cache: NoCache = False,
        force: Replace = False,
        as_json: Json = False,
    ) -> None:
        from tilecli.experiments.keep import share
        from tilecli.layout import find_project

        work, how = {"push": (share.push, "pushed to"), "pull": (share.pull, "pulled from")}[way]
        done = work(
            find_project(), names or [], git_remote=git_remote, files=not no_cache, dvc_remote=remote, force=force
        )
        _report(done, f"{how} {git_remote}", as_json=as_json)
        if way == "pull" and done.new and not as_json:
            terminal.next_commands(f"tiles exp show {done.new[0]}", f"tiles exp apply {done.new[0]}")

    transfer.__doc__ = doc
    return verb(transfer)


push = _transfer(
    "push",
    """Copy experiments to a git remote, and their files to the DVC remote.

    Example: tiles exp push higher-rate
    """,
)
pull = _transfer(
    "pull",
    """Copy experiments from a git remote, and their files from the DVC remote into the cache.

    Example: tiles exp pull higher-rate
    """,
)


@verb
def list_(
    remote: Annotated[
        str | None, typer.Option("--remote", metavar="NAME|URL", help="Those of this git remote, such as origin.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the experiments here, or those of a git remote: name, commit and the commit each started from.

    Example: tiles exp list --remote origin
    """
    from tilecli.experiments import store
    from tilecli.experiments.keep import share
    from tilecli.layout import find_project

    project = find_project()
    found = share.remote_experiments(project, remote) if remote else store.experiments(project)
    rows = [(item.name, item.rev, item.baseline) for item in found]
    if as_json:
        terminal.print_json([dict(zip(("name", "rev", "baseline"), row, strict=True)) for row in rows])
        return
    if not rows:
        terminal.say(f"no experiments on {remote}" if remote else "no experiments yet")
        return
    columns = [("experiment", "left"), ("commit", "left"), ("started from", "left")]
    terminal.console().print(terminal.table("", columns, [[name, rev[:10], base[:10]] for name, rev, base in rows]))


def _report(done: Transferred, how: str, *, as_json: bool) -> None:
    from rich.markup import escape

    if as_json:
        terminal.print_json(asdict(done))
        return
    if not done.new and not done.known:
        terminal.say("there are no experiments")
        return
    if done.new:
        terminal.say(f"{escape(how)}: [bold]{escape(', '.join(done.new))}[/]")
    if done.known:
        terminal.say(f"there already: {escape(', '.join(done.known))}")
    if done.files is not None:
        terminal.say(f"{done.files} files copied")
