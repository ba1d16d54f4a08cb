"""What the verbs of `tiles deploy` share: options, the bundle's context, and how it is shown."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import bundle_folder

if TYPE_CHECKING:
    from tilecli.delivery.images.context import Context, Kind

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder to make; default: the project's deploy/.")]
BaseImage = Annotated[
    str | None,
    typer.Option("--base-image", metavar="IMAGE", help="Python image to build on, also with a digest (…@sha256:…)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written and run, and do none of it.")]


def planned(bundle: Path | None, model: str | None, kind: Kind, base_image: str | None) -> Context:
    """The context of the bundle that --bundle or --model names."""
    from tilecli.delivery.images import context

    return context.plan(bundle_folder(bundle, model), kind, _root().name, base_image)


def folder_of(out: Path | None) -> Path:
    """Where the context goes."""
    return out.absolute() if out is not None else _root() / "deploy"


def shown(path: Path) -> str:
    """A path as it is typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def show(context: Context, what: Path | str, commands: Sequence[Sequence[str]]) -> None:
    """What would be written, to a folder or into something else, and run."""
    rows: dict[str, list[int]] = {}
    for piece in context.pieces:
        top, _, rest = piece.path.partition("/")
        rows.setdefault(f"{top}/" if rest else top, []).append(piece.size)
    where = shown(what) if isinstance(what, Path) else what
    terminal.say(f"would write {terminal.plain(where)}: bundle {context.facts.version}")
    console = terminal.console()
    lines = [[name, str(len(sizes)), terminal.size(sum(sizes))] for name, sizes in rows.items()]
    console.print(terminal.table("", [("file", "left"), ("files", "right"), ("size", "right")], lines))
    for command in commands:
        console.print(f"would run [command]{terminal.plain(shlex.join(command))}[/]", soft_wrap=True)


def as_json(context: Context, folder: Path | None, commands: Sequence[Sequence[str]], **more: Any) -> dict[str, Any]:
    """The same for a program."""
    return {
        **({} if folder is None else {"folder": str(folder)}),
        "bundle": context.facts.version,
        "commit": context.facts.commit,
        "base_image": context.facts.base_image,
        "files": [piece.path for piece in context.pieces],
        "commands": [list(command) for command in commands],
        **more,
    }


def _root() -> Path:
    from tilecli.errors import ProjectError
    from tilecli.layout import find_project

    try:
        return find_project().root
    except ProjectError:
        return Path.cwd()
