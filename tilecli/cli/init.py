"""`tiles init`: lay down a project; asks on a terminal when nothing was said."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Preset, Set
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.scaffold.lay_down import Plan


@verb
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the project; made if missing.")] = Path(),
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="magnetic-tiles, sample, a folder, an archive, a URL or a CSV; repeatable."),
    ] = None,
    preset: Preset = None,
    remote: Annotated[
        str | None, typer.Option("--remote", metavar="URL", help="Where DVC stores photos and models: a folder or URL.")
    ] = None,
    set_: Set = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that stand already; keeps a backup.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Lay down a project: git and DVC, params.yaml, dvc.yaml, ignore files and a README.

    Example: tiles init real --source photos.zip --preset cpu
    """
    from tilecli import progress
    from tilecli.experiments.remotes import address
    from tilecli.scaffold.lay_down import add_remote, lay_down, plan

    silent = yes or not (sys.stdin.isatty() and sys.stderr.isatty())
    asked = not silent and not (source or preset or set_)
    if asked:
        source, preset, remote = _ask(remote)
    settings = _settings(folder, source, preset, set_)
    where = address.parse(remote, Path.cwd()) if remote else None
    work = plan(folder, settings)
    if asked:
        _show_plan(work, settings, where.url if where else None)
        if not typer.confirm("Go on?", default=True, err=True):
            raise typer.Exit(1)
    with progress.listen(_say):
        project = lay_down(work, force=force)
        if where:
            add_remote(project, where)
    here = os.path.relpath(project.root)
    home = f"project in {here}" if here != "." else "project here"
    joined = f", part of the git repository {work.joins}" if work.joins else ""
    terminal.say(f"[good]✔[/] {terminal.plain(home)}{joined}: {', '.join(work.contents)}, .dvc")
    terminal.next_commands(*([f"cd {here}"] if here != "." else []), "tiles train")


def _settings(folder: Path, source: list[str] | None, preset: str | None, set_: list[str] | None) -> dict[str, Any]:
    """Dotted settings of the new project: preset, then sources, then `-S`; validated together."""
    from tilecli import paramfile, presets

    settings: dict[str, Any] = presets.load(presets.find(preset)) if preset else {}
    if source:
        settings["data.sources"] = [_from_project(text, folder) for text in source]
    settings |= paramfile.parse_overrides(set_ or [])
    values: dict[str, Any] = {}
    for key, value in settings.items():
        paramfile.set_dotted(values, key, value)
    paramfile.validate(values, "the command line")
    return settings


def _from_project(text: str, folder: Path) -> str:
    """A source as params.yaml keeps it: a path relative to the project, so that the two can move together."""
    from tilecli.data.sources import locate

    found = locate(text, Path.cwd())
    if found.kind in ("sample", "url"):
        return text
    return Path(os.path.relpath(found.path.resolve(), folder.resolve())).as_posix()


def _describe(text: str) -> str:
    """What a source holds, as far as that can be told without downloading or unpacking it."""
    from tilecli.config import DataParams
    from tilecli.data.sources import preview

    layout = preview(text, Path.cwd(), DataParams())
    if layout is None:
        return "its photos are counted when they are fetched"
    counts = ", ".join(f"{count} {kind}" for kind, count in layout.counts().items())
    return f"layout {layout.name}: {len(layout.records)} photos ({counts})"


def _ask(remote: str | None) -> tuple[list[str] | None, str | None, str | None]:
    """Source, preset and remote from a person; each question has a default."""
    from tilecli import presets
    from tilecli.errors import TilesError

    terminal.say(
        "[muted]Where do the photos come from: magnetic-tiles, sample, a folder, an archive, a URL or a CSV.[/]"
    )
    while True:
        source = typer.prompt("Photos", default="sample", err=True)
        try:
            terminal.say(f"  found: {_describe(source)}")
            break
        except TilesError as error:
            terminal.show_error(error)
    while True:
        preset = typer.prompt(
            f"Preset ({', '.join(presets.known())})", default="demo" if source == "sample" else "cpu", err=True
        )
        try:
            presets.find(preset)
            break
        except TilesError as error:
            terminal.show_error(error)
    remote = typer.prompt("Remote for photos and models (empty: none yet)", default=remote or "", err=True) or None
    return [source], preset, remote


def _show_plan(work: Plan, settings: dict[str, Any], remote: str | None) -> None:
    terminal.say(f"\nThis will be written to {terminal.plain(work.root)}:")
    for name in work.contents:
        terminal.say(f"  {name}{'  [warning]replaces the one there[/]' if name in work.replaced else ''}")
    terminal.say(f"  .git  [muted]{'joins ' + str(work.joins) if work.joins else 'a new repository'}[/]")
    terminal.say("  .dvc" + (f"  [muted]remote: {terminal.plain(remote)}[/]" if remote else ""))
    for key, value in settings.items():
        terminal.say(f"  [muted]{terminal.plain(f'{key} = {value}')}[/]")


def _say(event: object) -> None:
    from tilecli.progress import Event

    if isinstance(event, Event) and event.text:
        terminal.say(f"[muted]{terminal.plain(event.text)}[/]" if event.kind == "note" else terminal.plain(event.text))
