"""The sheet that charts are put on as one PNG by matplotlib, and what they share. Needs no browser and no display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli import files, palette
from tilecli.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, LINE = palette.LIGHT["ink"], palette.LIGHT["muted"], palette.LIGHT["line"]
SHAPES = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^"}  # by their names in Plotly
SHAPES |= {"cross": "P", "x": "X", "triangle-down": "v", "star": "*"}
TEXT: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8, "color": INK}  # beside a point
_DPI = 150
_WIDTH, _HEIGHT = 12.0, 4.0  # inches, of one row


def new(heading: str, rows: int) -> Figure:
    """An empty sheet for `rows` rows of charts. MissingExtraError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "data") from error
    figure = Figure(figsize=(_WIDTH, _HEIGHT * rows + 0.4), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(plain(heading), x=0.01, ha="left", color=INK, fontsize=14)
    return figure


def save(figure: Figure, notes: Sequence[str], out: Path) -> None:
    """Write the sheet with `notes` below its charts to `out`, as a whole or not at all."""
    words = [note for note in notes if note]
    if words:
        figure.supxlabel(plain("   ".join(words)), x=0.01, ha="left", color=MUTED, fontsize=8)
    with files.whole_file(out) as temporary:
        figure.savefig(temporary)


def frame(area: Axes, heading: str, x: str, y: str) -> None:
    """Heading, titles of the axes, and a light grid."""
    area.set_title(plain(heading), loc="left", fontsize=10, color=INK)
    area.set_xlabel(plain(x), color=MUTED, fontsize=9)
    area.set_ylabel(plain(y), color=MUTED, fontsize=9)
    area.grid(color=LINE, linewidth=0.8)
    area.set_axisbelow(True)
    area.tick_params(colors=MUTED, labelsize=8)
    for side in area.spines.values():
        side.set_color(LINE)


def plain(text: str) -> str:
    """matplotlib sets what stands between two dollar signs as a formula; a name is no formula."""
    return text.replace("$", r"\$")
