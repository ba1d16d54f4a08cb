"""Draw the README's pictures again: `python docs/make_pictures.py [DEMO [PROJECT]]`.

DEMO is the folder that `make demo` made; PROJECT the one that `docs/make_project.py` made of it, for the studio.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from make_project import tiles

from tilecli import palette
from tilecli.config import SampleParams
from tilecli.data.catalog import read_index
from tilecli.data.sample import write_sample
from tilecli.evaluation.contact_sheet import read_strips, write_sheet
from tilecli.evaluation.records import read_records
from tilecli.layout import Project
from tilecli.opencv import cv2

IMAGES = Path(__file__).parent / "images"
WIDTH = 900  # px of a picture in the README
# Pages of the studio that are shown, by the names of their pictures.
STUDIO = {
    "experiments": "experiments/",
    "compare": "compare/?runs=rate-0-001,rate-0-004",
    "axes": "axes/",
    "run": "run/?name=rate-0-004&tab=photos&type=crack",
    "queue": "queue/",
    "data": "data/",
    "models": "models/",
    "history": "history/",
}


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


def draw_page(demo: Path) -> None:
    """`docs/images/serve.png`: the page of `tiles serve` with test photos of the demo; needs Chromium."""
    photos = _photos_to_show(demo)
    with _server(demo, "serve") as url, _page(1200, 760) as page:
        page.goto(url)
        page.set_input_files("#files", photos)
        page.locator("#name", has_text=photos[-1].name).wait_for()
        page.locator("#regions button").first.hover()
        page.wait_for_timeout(500)
        _write("serve.png", page.screenshot())


def draw_report(demo: Path) -> None:
    """`docs/images/report.png`: how the report on the demo's better experiment begins; needs Chromium."""
    with tempfile.TemporaryDirectory() as scratch, _page(1100, 1500) as page:
        for verb in (["report", "gate"], ["report"]):
            command = [sys.executable, "-m", "tilecli", *verb, "rate-0-004", "--against", "rate-0-001"]
            subprocess.run([*command, "--out", scratch], cwd=demo, check=True, stdout=subprocess.DEVNULL)
        page.goto((Path(scratch) / "report.html").as_uri())
        _write("report.png", page.screenshot())


def draw_studio(project: Path) -> None:
    """`docs/images/studio-….png`: the pages of `tiles studio`, the queue at work; needs Chromium."""
    with _at_work(project), _server(project, "studio", "--no-browser") as url, _page(1280, 800) as page:
        page.goto(f"{url}/queue/")
        page.locator("#rows", has_text="2/").wait_for(timeout=300_000)  # an epoch of the first has been measured
        for name, address in STUDIO.items():
            page.goto(f"{url}/{address}")
            page.locator("#live", has_text="live").wait_for()
            page.wait_for_timeout(3000)  # pictures that a model draws
            _write(f"studio-{name}.png", page.screenshot())


@contextlib.contextmanager
def _at_work(project: Path) -> Iterator[None]:
    """A worker runs what is queued."""
    tiles(project, "exp", "start")
    try:
        yield
    finally:
        tiles(project, "exp", "stop")


@contextlib.contextmanager
def _page(width: int, height: int) -> Iterator[Any]:
    """A page of a light browser window, px."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        browser.close()


def _write(name: str, data: bytes) -> None:
    shot = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(IMAGES / name), shot, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _photos_to_show(demo: Path) -> list[Path]:
    """Test photos, defective and good in turn; the last one is wide and has the largest blowhole that was found."""
    project = Project(demo)
    index = {row.photo: row for row in read_index(project.index)}
    rows = [row for row in read_records(project.per_image) if row.intersection_px or row.defect == "good"]
    wide = [row for row in rows if index[row.photo].width >= 1.2 * index[row.photo].height]
    best = max((row for row in wide if row.defect == "blowhole"), key=lambda row: row.intersection_px)
    others = [row for row in rows if row.tile != best.tile]
    bad, good = ([row for row in others if (row.defect == "good") == wanted] for wanted in (False, True))
    chosen = [row for pair in zip(bad[::6], good[::6], strict=False) for row in pair][:6]
    return [project.dataset / index[row.photo].image for row in (*chosen, best)]


@contextlib.contextmanager
def _server(demo: Path, *verb: str) -> Iterator[str]:
    """`tiles serve` or `tiles studio` on a free port; its address."""
    command = [sys.executable, "-m", "tilecli", *verb, "--port", "0"]
    process = subprocess.Popen(command, cwd=demo, stderr=subprocess.PIPE, text=True)
    try:
        said = next(line for line in process.stderr or () if line.startswith("ready on"))
        yield re.findall(r"http://[\w.:]+\d", said)[0]
    finally:
        process.terminate()
        process.wait()


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
        draw_page(Path(sys.argv[1]))
        draw_report(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        draw_studio(Path(sys.argv[2]))
