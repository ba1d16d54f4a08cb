"""`tiles ci init github|gitlab`: the workflows of a project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.delivery.workflows.lay_down import Plan

RUNNER, DEPLOY = "Where and when it trains", "Where it is deployed"


@verb
def init(
    host: Annotated[Literal["github", "gitlab"], typer.Argument(metavar="github|gitlab", help="Whose workflows.")],
    runner: Annotated[
        Literal["hosted", "self-hosted", "cml-aws"],
        typer.Option(
            "--runner",
            help="The host's machines, your own, or one with a GPU that CML starts at Amazon and ends.",
            rich_help_panel=RUNNER,
        ),
    ] = "hosted",
    labels: Annotated[
        str, typer.Option("--labels", help="Of your own runners, with commas.", rich_help_panel=RUNNER)
    ] = "tiles",
    cloud_type: Annotated[
        str, typer.Option("--cloud-type", help="Amazon's name of the machine.", rich_help_panel=RUNNER)
    ] = "g4dn.xlarge",
    cloud_region: Annotated[
        str, typer.Option("--cloud-region", help="Where it is started.", rich_help_panel=RUNNER)
    ] = "us-east-1",
    branches: Annotated[
        str, typer.Option("--branches", help="Pushes to these are experiments.", rich_help_panel=RUNNER)
    ] = "exp*",
    base: Annotated[
        str | None,
        typer.Option(
            "--base", help="Branch to compare with and merge into; default: origin's.", rich_help_panel=RUNNER
        ),
    ] = None,
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=120, help="After which a run is stopped.", rich_help_panel=RUNNER)
    ] = 6,
    gate: Annotated[
        str,
        typer.Option("--gate", metavar="OPTIONS", help="Of tiles report gate: '--min 0.8 --floor crack=0.6'."),
    ] = "",
    auto_merge: Annotated[
        bool, typer.Option("--auto-merge", help="Merge what the gate lets pass, without a person.")
    ] = False,
    deploy: Annotated[
        Literal["docker", "heroku", "none"],
        typer.Option("--deploy", help="An image that is pushed, Heroku, or nothing.", rich_help_panel=DEPLOY),
    ] = "docker",
    app: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="NAME",
            help="The image, or Heroku's apps NAME-dev and NAME-prod; default: the project's folder.",
            rich_help_panel=DEPLOY,
        ),
    ] = None,
    tiles: Annotated[
        str | None, typer.Option("--tiles", metavar="SPEC", help="What pip installs; default: this version.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that stand already; keeps a backup.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written.")] = False,
    as_json: Json = False,
) -> None:
    """Write three workflows: experiments on branches, development on a merge, production on a tag of the registry.

    The README gets a section that lists every secret and how to set it.

    Example: tiles ci init github --gate "--min 0.8" --deploy heroku --app parts
    """
    from tilecli.delivery.images.context import slug
    from tilecli.delivery.workflows import lay_down as library
    from tilecli.delivery.workflows.choices import Choices
    from tilecli.experiments.remotes import settings
    from tilecli.layout import find_project

    project = find_project()
    _, folder = library.folder_in_repository(project)
    known = settings.remotes(project)
    choices = Choices(
        host=host,
        runner=runner,
        base=base or library.base_branch(project),
        branches=branches,
        deploy=deploy,
        app=app or slug(project.root.name),
        tiles=tiles or "",
        gate=_gate(gate),
        auto_merge=auto_merge,
        labels=tuple(label.strip() for label in labels.split(",") if label.strip()),
        cloud_type=cloud_type,
        cloud_region=cloud_region,
        hours=hours,
        folder=folder,
        storage=known[0] if known and known[0].default else None,
    )
    work = library.plan(project, choices, _command())
    backups = [] if dry_run else library.lay_down(work, force=force)
    if as_json:
        _print_json(work, backups, dry_run=dry_run)
    elif dry_run:
        for name, text in work.contents.items():
            sys.stdout.write(f"# --- {name}\n{text}\n")
    else:
        _say(work, backups)


def _gate(text: str) -> tuple[str, ...]:
    """Options of `tiles report gate`, checked here rather than after hours of training."""
    import shlex

    from typer.main import get_command

    from tilecli.cli.report.app import app as report
    from tilecli.errors import UsageError

    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{error}", where="--gate", hint="--gate '--min 0.8 --floor crack=0.6'") from None
    group = get_command(report)
    command = getattr(group, "commands", {})["gate"]
    try:
        given = command.make_context("tiles report gate", list(parts)).params
    except Exception as error:  # the parser's own kind, which is not ours to import
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        raise UsageError(said, where="--gate", hint="tiles report gate --help") from None
    from tilecli.reporting.gate import parse_floors

    parse_floors(given.get("floor") or [])
    if given["run"] != "workspace" or given["against"] is not None:
        raise UsageError("the workflow says what is compared", where="--gate", hint="leave RUN and --against out")
    return tuple(parts)


def _command() -> str:
    import shlex

    left_out = ("--force", "--dry-run", "--json")
    said = [part for part in sys.argv[1:] if part not in left_out]
    return " ".join(["tiles", *(shlex.quote(part) for part in said)]).replace("\n", " ")


def _print_json(work: Plan, backups: list[str], *, dry_run: bool) -> None:
    from tilecli.delivery.workflows import secrets

    needed = [
        {
            "name": one.name,
            "secret": one.secret,
            "needed": one.needed,
            "why": one.why,
            "set": one.commands(work.choices.host),
        }
        for one in secrets.of(work.choices)
    ]
    terminal.print_json(
        {
            "written": [] if dry_run else [name for name in work.contents if name not in work.unchanged],
            "unchanged": list(work.unchanged),
            "replaced": list(work.replaced),
            "backups": backups,
            "secrets": needed,
            "contents": dict(work.contents) if dry_run else {},
        }
    )


def _say(work: Plan, backups: list[str]) -> None:
    from tilecli.delivery.workflows import secrets

    for name in work.contents:
        sign = "[muted]· as it was[/]" if name in work.unchanged else "[good]✔[/]"
        terminal.say(f"{sign} {terminal.plain(name)}")
    for name in backups:
        terminal.say(f"[muted]kept the old one as {terminal.plain(name)}[/]")
    needed = [one for one in secrets.of(work.choices) if one.needed]
    if needed:
        terminal.say("to be set, as the README's section CI says:")
        for one in needed:
            command = one.commands(work.choices.host)[0]
            terminal.say(f"  [command]{terminal.plain(command)}[/]  [muted]{terminal.plain(one.why)}[/]")
    for command in work.advice:
        terminal.say(f"[warning]![/] still missing: [command]{terminal.plain(command)}[/]")
    names = " ".join(name for name in work.contents if name not in work.unchanged)
    if names:
        terminal.next_commands(f'git add {names} && git commit -m "CI"', "tiles ci check")
