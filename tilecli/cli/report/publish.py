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
    remote: Annotated[str, typer.Option("--remote", help="Git remote that takes the pictures.")] = "origin",
    cml: Annotated[bool, typer.Option("--cml", help="Let CML publish it, if it is on the PATH.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Publish the last report as one comment of the pull request; the next one takes its place.

    Pictures go to the branch tiles-reports of the same repository. The token comes from GITHUB_TOKEN or GITLAB_TOKEN.

    Example: tiles report && tiles report publish
    """
    import os

    from tilecli.layout import find_project
    from tilecli.reporting.hosting import publish as library

    project = find_project()
    folder = out or project.report
    if cml:
        library.by_cml(folder)
        terminal.say("published by cml")
        return
    host = library.host_of(project, to, repository, os.environ)
    done = library.publish(project, folder, host, os.environ, name=name, request=request, remote=remote)
    if as_json:
        terminal.print_json(vars(done))
        return
    what = "updated" if done.updated else "written"
    terminal.say(f"comment {what} on request {done.request}: [command]{terminal.plain(done.url)}[/]")
    if done.shortened:
        terminal.say("[warning]![/] it was too long for the host; the folded parts are left out")
