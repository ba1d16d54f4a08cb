"""`tiles data add`, `remove` and `list`: batches of photos come, go and are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilecli.versions.adding import Added
    from tilecli.versions.known import Known

_NAMED = 8


@verb
def add(
    source: Annotated[str, typer.Argument(metavar="DIR|ZIP|CSV", help="Photos and masks, in any layout fetch knows.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Of the batch, such as batch-2026-11.")],
    note: Annotated[str, typer.Option("--note", help="What these photos are; kept with the batch.")] = "",
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Masks and types of photos that are there already replace theirs.")
    ] = False,
    skip_bad: Annotated[
        bool | None, typer.Option("--skip-bad/--no-skip-bad", help="Go on without photos that fail a check.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let a batch of photos join the dataset: every one checked, known ones skipped, tiles kept in their subset.

    Example: tiles data add inbox/ --name batch-2026-11 --note "line 3, new lamp"
    """
    from tilecli.cli.live import display
    from tilecli.layout import find_project
    from tilecli.versions import adding

    project = find_project()
    try:
        with display():
            done = adding.add(project, source, name, note=note, relabel=relabel, skip_bad=skip_bad)
    except KeyboardInterrupt:
        terminal.say("stopped; the dataset is as it was")
        raise
    if as_json:
        terminal.print_json(done.as_dict())
        return
    _report(done)
    terminal.next_commands("tiles data diff", "tiles split", f'tiles data commit -m "Add {name}"')


@verb
def remove(
    name: Annotated[str, typer.Argument(metavar="BATCH", help="As tiles data list calls it.")],
) -> None:
    """Take a batch out of the dataset. Its photos stay in DVC's cache, so a rollback can bring them back.

    Example: tiles data remove batch-2026-11
    """
    from tilecli.cli.live import display
    from tilecli.layout import find_project
    from tilecli.versions import batches

    with display():
        batches.remove(find_project(), name)
    terminal.say(f"{terminal.plain(name)} is out of the dataset")
    terminal.next_commands("tiles data diff", f'tiles data commit -m "Remove {name}"')


@verb
def list_(as_json: Json = False) -> None:
    """List the sources and batches of the dataset: photos, types, size, since when.

    Example: tiles data list
    """
    from tilecli.layout import find_project
    from tilecli.versions import overview

    found = overview.parts(find_project())
    if as_json:
        terminal.print_json([part.as_dict() for part in found])
        return
    if not found:
        terminal.say("there are no photos yet: [command]tiles fetch[/]")
        return
    columns = [
        ("name", "left"), ("photos", "right"), ("types", "left"), ("corrects", "right"), ("size", "right"),
        ("since", "left"), ("by", "left"), ("note", "left"),
    ]  # fmt: skip
    rows = [
        [
            terminal.plain(part.name),
            str(part.photos),
            terminal.plain(_types(part.types)),
            str(part.corrects or ""),
            terminal.size(part.bytes),
            "switched off" if part.kind == "off" else part.since[:10] or "not committed",
            terminal.plain(part.by),
            terminal.plain(part.note),
        ]
        for part in found
    ]
    used = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    shown = [[row[place] for place in used] for row in rows]
    terminal.console().print(terminal.table("", [columns[place] for place in used], shown))


def _report(done: Added) -> None:
    count = sum(done.photos.values())
    name = terminal.plain(done.name)
    if count:
        types = terminal.plain(_types(done.photos))
        terminal.say(f"[bold]{name}[/]: {terminal.counted(count, 'new photo')} ({types}), {terminal.size(done.size)}")
    if done.relabelled:
        relabelled = terminal.counted(len(done.relabelled), "photo")
        terminal.say(f"[bold]{name}[/]: {relabelled} labelled anew: {_some(done.relabelled)}")
    if done.skipped:
        terminal.say(f"{terminal.counted(len(done.skipped), 'known photo')} left out: {_pairs(done.skipped)}")
    if any("label" in pair.why for pair in done.skipped):
        terminal.say("  [muted]some of them have another mask or type here: --relabel takes these[/]")
    if done.near:
        subsets = sorted({pair.subset or "no subset yet" for pair in done.near})
        near = terminal.counted(len(done.near), "new photo")
        names = _some([pair.photo for pair in done.near])
        terminal.say(f"{near} of tiles that are known, in their subset ({', '.join(subsets)}): {names}")


def _pairs(skipped: Sequence[Known]) -> str:
    return _some([pair.photo if pair.photo == pair.known else f"{pair.photo} is {pair.known}" for pair in skipped])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return terminal.plain(", ".join(names[:_NAMED]) + more)


def _types(types: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in types.items())
