"""The terminal's look: consoles, theme, errors, numbers and durations. Every verb prints through here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tilecli.errors import TilesError

# The meanings of shared colours in a terminal; Okabe-Ito values, as on every page.
_STYLES = {
    "accent": "#0072B2",
    "defect": "#D55E00",
    "good": "#009E73",
    "uncertain": "#E69F00",
    "truth": "#56B4E9",
    "muted": "dim",
    "error": "bold #D55E00",
    "warning": "#E69F00",
    "command": "bold #0072B2",
    "best": "bold",
}


def console(*, stderr: bool = False) -> Console:
    """A console on stdout (results) or stderr (everything said on the way); plain when piped or with NO_COLOR."""
    from rich.console import Console
    from rich.theme import Theme

    stream = sys.stderr if stderr else sys.stdout
    # Piped tables must not be cut at 80 columns: whoever reads the pipe wants every column.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 160
    return Console(theme=Theme(_STYLES), stderr=stderr, highlight=False, width=width, soft_wrap=False)


def plain(value: object) -> str:
    """A path, name or message as it is, where markup is understood: folders may be called `[old]`."""
    from rich.markup import escape

    return escape(str(value))


def show_error(error: TilesError) -> None:
    """What is wrong, where, and what to type next."""
    out = console(stderr=True)
    out.print(f"[error]error:[/] {plain(error.message)}", soft_wrap=True)
    if error.where:
        out.print(f"  [muted]where:[/] {plain(error.where)}", soft_wrap=True)
    if error.hint:
        out.print(f"  [muted]next:[/]  {plain(error.hint)}", soft_wrap=True)


def say(text: str) -> None:
    """A remark on the way (stderr), with markup."""
    console(stderr=True).print(text, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def next_commands(*commands: str) -> None:
    """What to type next; only for a person at a terminal."""
    if not sys.stderr.isatty() and not os.environ.get("TILES_ALWAYS_HINT"):
        return
    out = console(stderr=True)
    for number, command in enumerate(commands):
        out.print(f"[muted]{'next:' if number == 0 else '     '}[/]  [command]{plain(command)}[/]", soft_wrap=True)


def table(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> Table:
    """A table in the house style; `columns` are (heading, justify)."""
    from rich import box
    from rich.table import Table

    drawn = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading, justify in columns:
        drawn.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]  # rich's literal type
    for row in rows:
        drawn.add_row(*row)
    return drawn


def number(value: float | int | None, digits: int = 3) -> str:
    """Three significant digits (0.812, 12.3, 1234), a dash for what is undefined."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if abs(value) < 1:
        return f"{value:.{digits}f}"
    if abs(value) >= 1e6:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{digits}g}" if abs(value) < 10 ** (digits - 1) else f"{value:.0f}"


def counted(count: int, noun: str) -> str:
    """1 photo, 12 photos, 1,803 photos."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(share: float | None) -> str:
    """0.0312 → 3.1 %."""
    return "–" if share is None else f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """102 → 1 m 42 s."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} m"
    return f"{minutes} m {rest:02d} s" if minutes else f"{rest} s"


def size(count: float) -> str:
    """Bytes as 41.5 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
