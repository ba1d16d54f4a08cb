"""Draw the README's pictures again: `python docs/make_pictures.py [DEMO]`; DEMO is the folder that `make demo` made."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tilecli import palette
from tilecli.config import SampleParams
from tilecli.data.sample import write_sample
from tilecli.evaluation.contact_sheet import read_strips, write_sheet
from tilecli.opencv import cv2

IMAGES = Path(__file__).parent / "images"
WIDTH = 900  # px of a picture in the README


def draw_sample() -> None:
    """`docs/images/sample.png`, the contact sheet of the default sample."""
    defaults = SampleParams()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sample"
        write_sample(folder, defaults.tiles, defaults.seed)
        write_sheet(IMAGES / "sample.png", read_strips(folder))


def draw_predictions(demo: Path) -> None:
    """`docs/images/predictions.png`: two of the demo's test photos, a large defect and a thin one."""
    folder = demo / "evaluation" / "predictions"
    pictures = [sorted(folder.glob(pattern))[0] for pattern in ("best_06*", "random_03*")]
    panels = [cv2.imread(str(picture)) for picture in pictures]
    width = max(panel.shape[1] for panel in panels)
    ground = palette.rgb(palette.LIGHT["bg"])[::-1]
    rows = [
        cv2.copyMakeBorder(panel, 0, 12, 0, width - panel.shape[1], cv2.BORDER_CONSTANT, value=ground)
        for panel in panels
    ]
    sheet = np.vstack(rows)
    size = (WIDTH, round(sheet.shape[0] * WIDTH / width))
    cv2.imwrite(str(IMAGES / "predictions.png"), cv2.resize(sheet, size, interpolation=cv2.INTER_AREA))


def draw_comparison(demo: Path) -> None:
    """`docs/images/compare.svg`: the demo's experiments as `tiles exp compare` shows them."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.theme import Theme

    from tilecli.cli import terminal
    from tilecli.cli.exp.compare import compare

    out = Console(
        theme=Theme(terminal._STYLES), record=True, width=118, force_terminal=True, color_system="truecolor",
        file=io.StringIO(), highlight=False,
    )  # fmt: skip
    terminal.console = lambda **_: out  # the one place everything is printed through
    with _inside(demo):
        compare(sort="dice_mean")
    # The fonts of a README's picture come from the reader's machine, not from another host.
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    out.save_svg(str(IMAGES / "compare.svg"), title="tiles exp compare --sort dice_mean", code_format=form)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    draw_sample()
    if len(sys.argv) > 1:
        draw_predictions(Path(sys.argv[1]))
        draw_comparison(Path(sys.argv[1]))
