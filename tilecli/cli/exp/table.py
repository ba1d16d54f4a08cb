"""Draws the comparison in the terminal: the table, what had no room in it, and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tilecli.cli import terminal
from tilecli.cli.exp import columns as columns_module

if TYPE_CHECKING:
    from tilecli.cli.exp.columns import Wish
    from tilecli.experiments.compare import Row

_GAP = 2  # characters between columns
_NAME_WIDTH = 12  # of the first column at least
_STALE = "*"


def show(rows: Sequence[Row], wish: Wish, *, chosen: bool) -> None:
    """Print the table; `chosen`: the user has named or filtered rows, so none is no sign of an empty project."""
    if not any(row.record.kind == "experiment" for row in rows) and not chosen:
        terminal.say("no experiments yet. [muted]next:[/]  [command]tiles train[/]")
        if not any(row.record.kind == "commit" for row in rows):
            return
    from rich.markup import escape

    out = terminal.console()
    found = columns_module.columns(rows, wish)
    grid = [[column.cell(row) for row in rows] for column in found]
    names = [name(row) for row in rows]
    room = out.width - max(_NAME_WIDTH, *(len(text) for text in names)) - _GAP
    hidden = [] if wish.everything else columns_module.fit(found, grid, room, _GAP)
    shown = [place for place, column in enumerate(found) if column not in hidden]
    headings = [("experiment", "left")]
    headings += [(found[place].heading, "right" if found[place].right else "left") for place in shown]
    lines = [[escape(names[at]), *(grid[place][at].markup() for place in shown)] for at in range(len(rows))]
    out.print(terminal.table("", headings, lines))
    if hidden:
        listed = ", ".join(column.name for column in hidden)
        terminal.say(f"[muted]no room for {escape(listed)}: a wider terminal, --all or --keep shows them[/]")
    _footnotes(rows)


def name(row: Row) -> str:
    """The first column: an experiment hangs below its commit; a star where a footnote says more."""
    record = row.record
    branch = "" if row.baseline is None else "└── " if row.last else "├── "
    return f"{branch}{record.name}{' ' + _STALE if record.stale else ''}"


def _footnotes(rows: Sequence[Row]) -> None:
    from rich.markup import escape

    for row in rows:
        if row.record.broken:
            terminal.say(f"[warning]![/] {escape(row.record.name)}: cannot read {', '.join(row.record.broken)}")
    stale = [row.record.name for row in rows if row.record.stale]
    if stale:
        terminal.say(
            f"[warning]{_STALE}[/] {escape(', '.join(stale))}: trained since the model was exported and measured; the "
            "older model's figures are left out. [muted]next:[/]  [command]tiles eval[/]"
        )
