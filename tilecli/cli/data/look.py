"""`tiles data status` and `diff`: what differs between two versions of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.versions.diff import Diff

_NAMED = 12
_STYLES = {"added": "good", "removed": "defect", "relabelled": "uncertain", "replaced": "uncertain"}
_SIGNS = {"added": "+", "removed": "−", "relabelled": "~", "replaced": "≠"}


@verb
def status(as_json: Json = False) -> None:
    """How the photos here differ from those of the last commit, by type and batch.

    Example: tiles data status
    """
    from tilecli.layout import find_project
    from tilecli.versions import overview

    found = overview.status(find_project())
    if as_json:
        terminal.print_json(found.as_dict())
        return
    out = terminal.console()
    at = f" ({terminal.plain(found.described)})" if found.described else ""
    out.print(f"{found.photos} photos; last commit {found.rev[:7]}{at}")
    commands = []
    if found.diff.changes:
        _print_table(found.diff)
        commands = ["tiles data diff", 'tiles data commit -m "…"']
    else:
        out.print("the photos and masks are those of the commit")
    if found.uncommitted and not found.diff.changes:
        out.print(f"[muted]{len(found.uncommitted)} files of settings or results are not committed[/]")
        commands = ['tiles data commit -m "…"']
    if found.stale:
        terminal.say("[warning]params.yaml[/] has other settings of the data than the dataset was made with")
        commands = ["tiles fetch"]
    if found.edited:
        more = " …" if len(found.edited) > _NAMED else ""
        names = terminal.plain(", ".join(found.edited[:_NAMED]))
        terminal.say(
            f"[warning]{len(found.edited)} files[/] were changed in place, which no version keeps and the next fetch "
            f"undoes: {names}{more}"
        )
        commands = ["tiles fetch --force"]
    terminal.next_commands(*commands)


@verb
def diff(
    before: Annotated[str | None, typer.Argument(metavar="[REV]", help="Commit, tag or branch; default: HEAD.")] = None,
    after: Annotated[str | None, typer.Argument(metavar="[REV]", help="Likewise; default: the photos here.")] = None,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", metavar="FILE.html", help="A page with the masks before and after.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Photos on that page.")] = 200,
    as_json: Json = False,
) -> None:
    """Photos added, removed, relabelled and replaced between two versions.

    Example: tiles data diff base-dataset HEAD --gallery changes.html
    """
    from tilecli.errors import UsageError
    from tilecli.layout import find_project
    from tilecli.versions import diff as library
    from tilecli.versions import version

    project = find_project()
    old = version.read_commit(project, before or "HEAD")
    new = version.read_commit(project, after) if after else version.read_workspace(project)[0]
    found = library.compare(old, new)
    names = f"{before or 'HEAD'} → {after or 'here'}"
    if gallery is not None:
        from tilecli.versions.gallery import write_gallery

        if gallery.is_dir():
            raise UsageError("this is a folder", where=str(gallery), hint="--gallery changes.html")
        write_gallery(project, found, f"{project.root.name}: {names}", gallery, most)
    if as_json:
        terminal.print_json(
            {
                "before": old.rev,
                "after": new.rev or None,
                "photos": [len(old.photos), len(new.photos)],
                "changes": found.counts(),
                "by_type": found.table(),
                "photos_changed": [change.as_dict() for change in found.changes],
            }
        )
        return
    terminal.console().print(f"{terminal.plain(names)}: {len(old.photos)} → {len(new.photos)} photos")
    if not found.changes:
        terminal.console().print("no photo or mask differs")
        return
    _print_table(found)
    _print_photos(found)
    if gallery is not None:
        terminal.say(f"[bold]{terminal.plain(gallery)}[/] shows them")


def _print_table(found: Diff) -> None:
    from tilecli.versions.diff import KINDS

    used = [kind for kind in KINDS if found.of(kind)]
    rows = [
        [terminal.plain(row["type"]), terminal.plain(row["source"]), *(str(row[kind] or "") for kind in used)]
        for row in found.table()
    ]
    if len(rows) > 1:
        rows.append(["all", "", *(str(found.counts()[kind]) for kind in used)])
    columns = [("type", "left"), ("from", "left"), *((kind, "right") for kind in used)]
    terminal.console().print(terminal.table("", columns, rows))


def _print_photos(found: Diff) -> None:
    out = terminal.console()
    for kind, sign in _SIGNS.items():
        changes = found.of(kind)  # type: ignore[arg-type]  # the keys are the kinds
        for change in changes[:_NAMED]:
            was = change.before.defect if change.before and change.after else change.entry.defect
            types = was if was == change.entry.defect else f"{was} → {change.entry.defect}"
            out.print(f"[{_STYLES[kind]}]{sign}[/] {terminal.plain(change.photo)}  [muted]{terminal.plain(types)}[/]")
        if len(changes) > _NAMED:
            out.print(f"[muted]  {len(changes) - _NAMED} more {kind}; --json lists all[/]")
