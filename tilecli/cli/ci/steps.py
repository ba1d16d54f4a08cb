"""`tiles ci keep`, `verdict`, `merge` and `release`: what the jobs of the workflows do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

Remote = Annotated[str, typer.Option("--remote", help="Git remote.")]
NoPush = Annotated[bool, typer.Option("--no-push", help="Leave the remote as it is.")]
Folder = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder of gate.json; default: the project's report/.")
]
_NAMED = 6


@verb
def keep(
    branch: Annotated[
        str | None, typer.Option("--branch", help="To push to; default: the job's, or the one checked out.")
    ] = None,
    no_push: NoPush = False,
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Commit what the pipeline made and push it to the branch, with the job's token and never by force.

    Its message names the commit that was measured; the workflows start nothing for such a commit.

    Example: tiles data push && tiles ci keep
    """
    import os

    from tilecli.delivery.jobs import keep as library
    from tilecli.layout import find_project

    done = library.keep(find_project(), os.environ, branch=branch, push=not no_push, remote=remote)
    if as_json:
        terminal.print_json(vars(done))
        return
    if done.files:
        count = terminal.counted(len(done.files), "file")
        terminal.say(f"[good]✔[/] results committed: [bold]{done.rev[:7]}[/], {count}")
    else:
        terminal.say(f"the results are those of [bold]{done.rev[:7]}[/] already")
    if done.pushed:
        terminal.say(f"pushed to {terminal.plain(remote)} {terminal.plain(done.branch)}")
    if done.left:
        more = " …" if len(done.left) > _NAMED else ""
        names = terminal.plain(", ".join(done.left[:_NAMED]))
        terminal.say(f"[muted]not committed, as they are no results: {names}{more}[/]")


@verb
def verdict(out: Folder = None, as_json: Json = False) -> None:
    """End as the gate decided on the commit that is checked out: exit code 0, or 3 with the reasons.

    Stands after the report is published, so that a run that is stopped shows why.

    Example: tiles ci verdict
    """
    from tilecli.delivery.jobs import merge as library
    from tilecli.layout import find_project

    found = library.verdict(find_project(), out)
    if as_json:
        terminal.print_json(found)
        return
    terminal.say(f"[good]✔[/] the gate lets {found['run']['rev'][:7]} pass")


@verb
def merge(
    base: Annotated[
        str, typer.Option("--base", metavar="BRANCH", help="That the request is to be merged into.")
    ] = "main",
    method: Annotated[Literal["merge", "squash", "rebase"], typer.Option("--method", help="How.")] = "merge",
    request: Annotated[
        int | None, typer.Option("--request", min=1, help="Number of the request; default: this branch's.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="FILE", help="GitHub: workflow to start then, as a job's own token starts none."
        ),
    ] = None,
    to: Annotated[
        Literal["github", "gitlab"] | None, typer.Option("--to", help="Default: the host whose runner this is.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", metavar="OWNER/NAME", help="Default: the runner's, or the remote's.")
    ] = None,
    out: Folder = None,
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Merge the request of this branch, if the gate lets it pass: the measured commit alone, and never a fork's.

    Example: tiles report gate HEAD --against origin/main && tiles ci merge --base main
    """
    import os

    from tilecli.delivery.jobs import merge as library
    from tilecli.layout import find_project
    from tilecli.reporting.hosting.publish import host_of

    project = find_project()
    library.verdict(project, out)
    host = host_of(project, to, repository, os.environ)
    done = library.merge(
        project, host, os.environ, base=base, method=method, request=request, folder=out, start=start, remote=remote
    )  # fmt: skip
    if as_json:
        terminal.print_json(vars(done))
        return
    terminal.say(f"[good]✔[/] request {done.request} merged into {terminal.plain(base)}: {done.rev[:7]}")
    if start:
        terminal.say(f"{terminal.plain(start)} started on {terminal.plain(base)}")


@verb
def release(
    stage: Annotated[str, typer.Option("--stage", help="That the new version is put into.")] = "dev",
    bump: Annotated[
        Literal["major", "minor", "patch"], typer.Option("--bump", help="Which part of the version counts up.")
    ] = "minor",
    message: Annotated[str, typer.Option("--message", "-m", help="Why; part of the tag.")] = "",
    no_push: NoPush = False,
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Make the model of this commit the next version, in a stage, and push both tags; nothing, where it has a version.

    Example: tiles ci release --stage dev
    """
    import os

    from tilecli.delivery.jobs import release as library
    from tilecli.layout import find_project

    done = library.release(
        find_project(), os.environ, stage, bump=bump, message=message, push=not no_push, remote=remote
    )  # fmt: skip
    if as_json:
        terminal.print_json(vars(done))
        return
    stages = f", in {', '.join(done.stages)}" if done.stages else ""
    if not done.new:
        terminal.say(f"this model is {done.version} already{stages}; nothing is released")
        return
    terminal.say(f"[good]✔[/] {done.version}{terminal.plain(stages)}")
    if done.tags:
        terminal.say(f"pushed: {terminal.plain(', '.join(done.tags))}")
