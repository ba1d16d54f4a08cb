"""The pages of `tiles exp plot` and `tiles exp tune` in a real browser, used with a real mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser import Tab, tab, visit
from tests.experiment_repo import Repository, perfect, run_files
from tests.searches import by_rate, tried
from tilecli.experiments.plots import figures_html, plot, search_html

NASTY = "a<img/src=x>&$b$"  # git takes it as a name
RATES = {"slow": 0.001, NASTY: 0.01, "fast": 0.1, "faster": 0.2}
CURVE = [0.2, 0.5, 0.6]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Four runs; the faster they learn, the better they are. The last has no learning curve."""
    made = Repository(tmp_path_factory.mktemp("runs") / "factory")
    for number, (name, rate) in enumerate(RATES.items()):
        rows = [replace(row, intersection_px=round(row.true_px * (0.5 + 0.1 * number))) for row in perfect()]
        settings = {"train.learning_rate": rate, "train.arch": "</script>" if name == "fast" else "unet"}
        made.experiment(name, run_files(rows, settings, CURVE if name != "faster" else ()))
    return made


@pytest.fixture(scope="module")
def page(repo: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "page.html"
    figures_html.write(plot.collect(repo.project, x=None, y="dice_mean", kinds=plot.KINDS), out, "factory")
    return out


class Parallel:
    """The parallel coordinates on a page, by axes and places on them (0–1)."""

    def __init__(self, window: Tab) -> None:
        self.window = window

    def axes(self) -> list[str]:
        """Names of the axes from left to right."""
        found = self.window.js(
            "places[0].layout.annotations.filter(note => note.yanchor === 'bottom')"
            ".sort((a, b) => a.x - b.x).map(note => note.text.replaceAll('<br>', ''))"
        )
        return [name.removesuffix("<i>lower is better</i>") for name in found]

    def at(self, axis: str, place: float) -> tuple[float, float]:
        """Where that is in the window, px; a place above 1 is on the axis' name."""
        number = self.axes().index(axis)
        # Where Plotly has drawn the axis' line, and not where the page's script thinks it is.
        line = self.window.js(
            "(() => { const box = [...places[0].querySelectorAll('.shapelayer path')]"
            f"[{number}].getBoundingClientRect(); return [box.x + box.width / 2, box.bottom, box.height] }})()"
        )
        return line[0], line[1] - place * line[2]

    def said(self) -> list[str]:
        """What is written below."""
        return [line for line in self.window.js("document.getElementById('chosen-0').innerText").split("\n") if line]

    def strong(self, chart: int) -> set[str]:
        """Names of the runs that stand out in a chart."""
        return set(
            self.window.js(
                f"[...places[{chart}].querySelectorAll('.scatterlayer > .trace')]"
                ".map((drawn, k) => [drawn.style.opacity, k]).filter(([opacity]) => Number(opacity) > 0.5)"
                f".map(([_, k]) => runs[places[{chart}].data[k].meta].name)"
            )
        )

    def in_colour(self, path: Path) -> int:
        """How many pixels of the window have the colour of the best run."""
        import cv2

        self.window.picture(path)
        return int((cv2.imread(str(path)).reshape(-1, 3) == (0xB2, 0x72, 0x00)).all(axis=1).sum())


@pytest.fixture(scope="module")
def window(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One window for all tests: a browser takes seconds to start."""
    with tab(browser, tmp_path_factory.mktemp("window")) as opened:
        yield opened


@pytest.fixture
def parallel(window: Tab, page: Path) -> Iterator[Parallel]:
    """The page as it is when it is opened."""
    window.visit(page)
    yield Parallel(window)
    assert window.console == []


def test_a_range_chooses_runs_in_every_chart(parallel: Parallel) -> None:
    assert parallel.said()[0].startswith("Drag along an axis to choose runs")
    parallel.window.drag(*(parallel.at("learning_rate", place) for place in (0.3, 0.5, 0.7, 0.9)))
    assert parallel.said() == ["2 of 4 runs", "Clear", "fast 0.700", f"{NASTY} 0.600"]
    for chart in range(3):
        assert parallel.strong(chart) == {"fast", NASTY}
    parallel.window.drag(parallel.at("arch", 1.0), parallel.at("arch", 0.6))
    assert parallel.said() == ["1 of 4 runs", "Clear", f"{NASTY} 0.600"]


def test_the_list_follows_while_the_mouse_is_down(parallel: Parallel) -> None:
    parallel.window.mouse("Moved", *parallel.at("dice_mean", 1.0))
    parallel.window.mouse("Pressed", *parallel.at("dice_mean", 1.0))
    counts = []
    for place in (0.9, 0.6, 0.3, 0.0):
        x, y = parallel.at("dice_mean", place)
        parallel.window.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        counts.append(parallel.said()[0])
    assert counts == [f"{count} of 4 runs" for count in (1, 2, 3, 4)]


def test_a_range_moves_and_its_ends_too(parallel: Parallel) -> None:
    drag, at = parallel.window.drag, parallel.at
    drag(at("dice_mean", 0.9), at("dice_mean", 1.05))
    assert parallel.said()[2:] == ["faster 0.800"]
    drag(at("dice_mean", 0.95), at("dice_mean", 0.62))  # as a whole
    assert parallel.said()[2:] == ["fast 0.700"]
    drag(at("dice_mean", 0.57), at("dice_mean", 0.2))  # its lower end
    assert parallel.said()[2:] == ["fast 0.700", f"{NASTY} 0.600"]
    drag(at("dice_mean", 0.8), at("dice_mean", 0.95))  # beside it: a new one
    assert parallel.said()[0] == "none of 4 runs lies in every range"
    assert parallel.strong(0) == set()


@pytest.mark.parametrize("how", ["click", "double click", "button"])
def test_ranges_are_cleared(parallel: Parallel, how: str) -> None:
    parallel.window.drag(parallel.at("learning_rate", 0.9), parallel.at("learning_rate", 1.0))
    assert len(parallel.said()) == 3
    if how == "click":
        parallel.window.click(*parallel.at("learning_rate", 0.2))
    elif how == "double click":
        x, y = parallel.at("learning_rate", 0.5)
        parallel.window.click(x + 60, y, times=2)
    else:
        box = parallel.window.js(
            "(() => { const box = document.querySelector('#chosen-0 button').getBoundingClientRect();"
            " return [box.x + 5, box.y + 5] })()"
        )
        parallel.window.click(*box)
    assert parallel.said()[0].startswith("Drag along an axis")
    assert parallel.strong(0) == set(RATES)
    assert parallel.window.js("places[0].layout.shapes.filter(shape => shape.type === 'rect').length") == 0


def test_an_axis_is_moved_by_its_name_and_takes_its_range_along(parallel: Parallel, tmp_path: Path) -> None:
    before = parallel.axes()
    parallel.window.drag(parallel.at("dice_mean", 0.6), parallel.at("dice_mean", 1.0))
    said = parallel.said()
    assert len(said) == 4
    parallel.window.drag(*(parallel.at(name, 1.07) for name in (before[-1], before[1], before[0])))
    assert parallel.axes() == [before[-1], *before[:-1]]
    assert parallel.said() == said
    drawn = parallel.window.js("[places[0].data.at(-1).y[0], places[0].data.at(-1).hovertext[0]]")
    assert drawn[0] == 1.0
    assert "dice_mean: 0.8" in drawn[1]
    assert parallel.window.js("places[0].layout.shapes.filter(shape => shape.type === 'rect')[0].xanchor") == 0
    named = parallel.window.js("places[0].layout.annotations.filter(note => note.showarrow).map(note => note.x)")
    assert set(named) == {len(before) - 1}, "the names do not stand beside the last axis"
    # Now below the pointer's old place there is another axis: its range is an own one.
    parallel.window.drag(parallel.at("learning_rate", 0.95), parallel.at("learning_rate", 1.0))
    assert parallel.said()[2:] == ["faster 0.800"]


def test_the_other_theme_and_another_width_keep_what_was_chosen(parallel: Parallel, tmp_path: Path) -> None:
    parallel.window.drag(parallel.at("learning_rate", 0.3), parallel.at("learning_rate", 0.5))
    assert parallel.strong(0) == {NASTY}
    faint = parallel.in_colour(tmp_path / "picture.png")
    parallel.window.js("document.getElementById('theme').click()")
    assert parallel.strong(0) == {NASTY}
    assert parallel.said()[2:] == [f"{NASTY} 0.600"]
    parallel.window.js("document.getElementById('theme').click()")
    parallel.window.size(1000, 900)
    assert parallel.window.js("places.map(place => place.clientHeight)") == [400] * 5
    assert parallel.strong(0) == {NASTY}
    parallel.window.drag(parallel.at("learning_rate", 0.95), parallel.at("learning_rate", 1.0))
    assert parallel.said()[2:] == ["faster 0.800"]
    assert parallel.in_colour(tmp_path / "picture.png") > faint + 100, "the chosen run does not stand out"


def test_pointing_at_a_listed_run_lets_it_stand_out(parallel: Parallel) -> None:
    parallel.window.drag(parallel.at("learning_rate", 0.3), parallel.at("learning_rate", 0.9))
    box = parallel.window.js(
        "(() => { const box = document.querySelector('#chosen-0 li').getBoundingClientRect();"
        " return [box.x + 5, box.y + 5] })()"
    )
    parallel.window.mouse("Moved", *box)
    assert parallel.strong(0) == parallel.strong(1) == {"fast"}
    parallel.window.mouse("Moved", 5, 5)
    assert parallel.strong(0) == {"fast", NASTY}
    parallel.window.mouse("Moved", *parallel.at("dice_mean", 1.0))
    assert parallel.strong(0) == {"faster"}


def test_the_page_of_a_search_works_without_a_network(repo: Repository, tmp_path: Path, browser: str) -> None:
    out = tmp_path / "search.html"
    search_html.write(tried(repo.project, 6, by_rate, pruned=(4,)), out, "factory")
    dom, console, asked = visit(browser, out, tmp_path)
    assert console == []
    assert asked == []
    assert 'data-drawn="2"' in dom
    drawn = re.sub(r"<script.*?</script>", "", dom, flags=re.S)
    for words in ("best so far", "ran to its end", "ended early", "learning_rate", "weight_decay"):
        assert words in drawn


def test_the_page_works_in_a_browser_without_a_network(page: Path, tmp_path: Path, browser: str) -> None:
    dom, console, asked = visit(browser, page, tmp_path)
    assert console == []
    assert asked == []
    assert 'data-drawn="5"' in dom
    drawn = re.sub(r"<script.*?</script>", "", dom, flags=re.S)
    assert drawn.count('class="main-svg"') >= 5
    assert "a&lt;img/src=x&gt;&amp;$b$" in drawn, "the name is not written as it is"
    assert "<img" not in drawn
    assert "Download plot" in drawn
    assert "Share chart" not in drawn, "a button that uploads the chart"


def test_the_browser_test_would_notice(page: Path, tmp_path: Path, browser: str) -> None:
    """A page that asks for a picture elsewhere, and one that may not."""
    text = page.read_text().replace("<main>", '<main><img src="http://tiles.invalid/x.png">')
    changed = tmp_path / "page.html"
    changed.write_text(text)
    _, console, asked = visit(browser, changed, tmp_path)
    assert asked == []
    assert any("Content Security Policy" in line for line in console)
    changed.write_text(re.sub(r"<meta http-equiv[^>]*>", "", text))
    _, _, asked = visit(browser, changed, tmp_path)
    assert set(asked) == {"http://tiles.invalid/x.png"}
