"""`tiles report publish`: the report as a comment of the pull request."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.report.write import Out
from tilecli.cli.verb import verb


@verb
def publish(
    to: Annotated[
        Literal["github", "gitlab"] | None,
        typer.Option("--to", help="Default: the host whose runner this is, or that of the remote."),
    ] = None,
    request: Annotated[
        int | None,
        typer.Option("--request", min=1, help="Number of the pull or merge request; default: this job's or branch's."),
    ] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", metavar="OWNER/NAME", help="Default: the runner's, or the remote's.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A report of another name gets a comment of its own.")] = "report",
    open_request: Annotated[
        bool, typer.Option("--open-request", help="Open the pull request where the branch has none.")
    ] = False,
    base: Annotated[
        str | None, typer.Option("--base", metavar="BRANCH", help="With --open-request: the branch to merge into.")
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="With --open-request; default: the last commit's subject.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="With --open-request: open it as a draft.")] = False,
    remote: Annotated[str, typer.Option("--remote", help="Git remote that takes the pictures.")] = "origin",
    cml: Annotated[bool, typer.Option("--cml", help="Let CML publish it, if it is on the PATH.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Publish the last report as one comment of the pull request; the next one takes its place.

    Pictures go to the branch tiles-reports of the same repository. The token comes from GITHUB_TOKEN or GITLAB_TOKEN.

    Example: tiles report && tiles report publish --open-request --base main
    """
    import os

    from tilecli.errors import UsageError
    from tilecli.layout import find_project
    from tilecli.reporting.hosting import publish as library

    project = find_project()
    if open_request and not base:
        raise UsageError("--open-request needs the branch to merge into", hint="--open-request --base main")
    if (base or title or draft) and not open_request:
        raise UsageError("--base, --title and --draft belong to --open-request", hint="--open-request --base main")
    if cml and open_request:
        raise UsageError("--cml opens no request", hint="leave one of the two out")
    opening = library.Opening(base or "", title or "", draft) if open_request else None
    folder = out or project.report
    if cml:
        library.by_cml(folder)
        terminal.say("published by cml")
        return
    host = library.host_of(project, to, repository, os.environ)
    done = library.publish(
        project, folder, host, os.environ, name=name, request=request, remote=remote, opening=opening
    )
    if as_json:
        terminal.print_json(vars(done))
        return
    if done.opened:
        terminal.say(f"request {done.request} opened")
    what = "updated" if done.updated else "written"
    terminal.say(f"comment {what} on request {done.request}: [command]{terminal.plain(done.url)}[/]")
    if done.shortened:
        terminal.say("[warning]![/] it was too long for the host; the folded parts are left out")
