"""`tiles data label`: a page to paint, correct or reject masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.browser import open_page
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.labelling.task import Task
    from tilecli.layout import Project

_PHOTOS = "Photos by name; with --from: kinds of finding, folders, or names of batches. Without any: the drafts."


@verb
def label(
    words: Annotated[list[str] | None, typer.Argument(metavar="[PHOTO…]", help=_PHOTOS)] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="audit|record|uncertain|batch", help="Where the photos come from.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many photos, the most urgent first.")] = 100,
    by: Annotated[str, typer.Option("--by", help="Who labels; default: git's user.name.")] = "",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any free one.")] = 8010,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
) -> None:
    """Paint, correct or reject masks on a page of this machine; what you make is kept at every stroke.

    Saved as a batch, it changes the dataset: masks and types of photos that are there, and photos that are new.

    Example: tiles data label --from audit
    """
    from tilecli.cli.live import display
    from tilecli.experiments.project import git, prepare
    from tilecli.labelling.app import make_app
    from tilecli.labelling.desk import Desk
    from tilecli.labelling.drafts import Drafts
    from tilecli.layout import find_project
    from tilecli.serving.process.local import serve_locally

    project = find_project()
    prepare(project)
    with display():
        tasks = _tasks(project, source, words or [], limit)
        desk = Desk(project, tasks, by or git(project.root, "config", "user.name", check=False))
    _check(desk.names, source)

    def ready(url: str) -> None:
        count = len(desk.names)
        terminal.say(f"[good]ready[/] on [accent]{url}[/]: {terminal.counted(count, 'photo')}; Ctrl-C stops")
        if browser:
            open_page(url)

    try:
        with Drafts(project).claimed():
            serve_locally(lambda hosts: make_app(desk, hosts), port, ready)
    except KeyboardInterrupt:
        left = sum(1 for _ in desk.drafts)
        if left:
            terminal.say(f"stopped; {terminal.counted(left, 'unsaved draft')}: [command]tiles data label[/]")
        else:
            terminal.say("stopped")


def _tasks(project: Project, source: str | None, words: list[str], limit: int) -> list[Task]:
    if source is None and not words:
        return []
    from tilecli.labelling.choose import choose

    return choose(project, source, words, limit)


def _check(names: list[str], source: str | None) -> None:
    from tilecli.errors import UsageError

    if names:
        return
    if source is not None:
        raise UsageError("there are no photos to look at", where=f"--from {source}")
    hint = "tiles data label --from audit, or name photos"
    raise UsageError("which photos? there are no drafts to go on with", hint=hint)
