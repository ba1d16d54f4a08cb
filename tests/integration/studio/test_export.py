"""An export in a real browser, from disk: no server, no page that misses anything, and photos that are drawn."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, Tiles
from tests.integration.serving.browser import sync_api, visiting
from tests.studied import BOX, HEIGHT, WIDTH, Studied
from tests.unit.experiments.history import git
from tests.unit.studio.projects import photographed, put_task
from tests.unit.studio.views.test_models import tag

expect = sync_api.expect
pytestmark = pytest.mark.timeout(300)

RUN = "http://127.0.0.1:8020/run/?name=looked-at&tab=photos&sort=photo"
COMPARISON = "http://127.0.0.1:8020/compare/?runs=looked-at,again&order=photo&smooth=0.5"


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """A busy machine is no failure."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@contextlib.contextmanager
def opened(browser: Any, file: Path, **options: Any) -> Iterator[Any]:
    """The page in a file; afterwards, nothing may have failed and nothing may have been asked of anybody else."""
    with visiting(browser, file.as_uri(), **options) as visit:
        visit.page.set_default_timeout(60_000)
        visit.page.on("requestfailed", lambda request: visit.complaints.append(f"failed: {request.url}"))
        yield visit
        assert all(asked.startswith(("file:", "data:")) for asked in visit.asked)


def drawn(page: Any, pictures: str) -> None:
    """Wait until each of these pictures has come."""
    expect(page.locator(pictures).first).to_be_visible()
    for picture in page.locator(pictures).all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)


def colour(element: Any) -> tuple[int, int, int]:
    """RGB in the middle of what the bundle finds, as it is on the screen."""
    shot = cv2.imdecode(np.frombuffer(element.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    height, width = shot.shape[:2]
    scale = min(width / WIDTH, height / HEIGHT)  # the photo is as large as its place allows, in the middle of it
    x = (width - WIDTH * scale) / 2 + scale * (BOX[0] + BOX[2] / 2)
    y = (height - HEIGHT * scale) / 2 + scale * (BOX[1] + BOX[3] / 2)
    blue, green, red = shot[round(y), round(x)].tolist()
    return red, green, blue


def near(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return all(abs(here - there) < 12 for here, there in zip(one, other, strict=True))


@pytest.fixture
def site(tmp_path: Path, tiles: Tiles) -> Path:
    """Run and comparison, exported by the command line and moved away from the project, which is gone."""
    studied = Studied(tmp_path / "parts")
    studied.experiment("again", 0.1, **{"train.py": "print('two')\n"})
    studied.experiment("other", 0.2)
    done = tiles("studio", "export", tmp_path / "site", RUN, COMPARISON, cwd=studied.project.root, PYTHONPATH=str(ROOT))
    assert "9 pages, 2 runs, " in done.stderr
    moved = tmp_path / "elsewhere" / "a site"
    moved.parent.mkdir()
    (tmp_path / "site").rename(moved)
    shutil.rmtree(tmp_path / "parts")
    return moved


def test_a_run_and_a_comparison_open_from_disk(site: Path, browser: Any) -> None:
    with opened(browser, site / "index.html") as visit:
        page = visit.page
        expect(page).to_have_url(
            re.compile(r"/run/looked-at/index\.html\?name=looked-at&(?=.*\btab=photos\b).*\bsort=photo\b")
        )
        look_at_photos(page)
        look_at_training(page)
        # What it started from is not in the export, so nothing leads there.
        expect(page.locator("#head dd a")).to_have_count(1)
        assert page.locator("#head dd a[href]").count() == 0
        page.locator("summary", has_text="Export of").click()
        page.get_by_role("link", name="Compare looked-at, again").click()
        compare(page)
        assert visit.wide() == 0
        page.get_by_role("link", name="Experiments", exact=True).click()
        choose(page)
        page.locator("#table a", has_text="looked-at").click()
        expect(page.locator("h1")).to_contain_text("looked-at")
        page.set_viewport_size({"width": 900, "height": 700})
        assert visit.wide() == 0


def look_at_photos(page: Any) -> None:
    """The table, and each kind of picture of a photo on which something is found."""
    names = page.locator(".photos tbody th")
    expect(names).to_have_text(["alarm", "fine", "found", "missed"])
    drawn(page, ".thumbnail img")
    page.locator(".photos tbody tr").nth(2).click()
    stage = page.locator(".stage")
    for key, expected in (("1", (20, 20, 20)), ("2", (43, 76, 95)), ("3", (88, 46, 13)), ("5", (13, 68, 53))):
        page.keyboard.press(key)
        drawn(page, ".stage img:not([hidden])")
        page.wait_for_timeout(100)  # until it is painted
        assert near(found := colour(stage), expected), (key, found)
    page.keyboard.press("4")
    drawn(page, ".stage img:not([hidden])")
    page.wait_for_timeout(100)
    assert sum(colour(stage)) > 600  # surely a defect
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-title")).to_have_text("missed")
    assert "photo=missed" in page.url
    page.keyboard.press("Escape")


def look_at_training(page: Any) -> None:
    """Curves, the slider through the epochs, settings and log."""
    page.get_by_role("tab", name="Training").click()
    expect(page.locator("#curves")).to_contain_text("0.700")
    page.locator("#epoch").fill("0")
    expect(page.locator("#epochs output")).to_have_text("epoch 1 of 3")
    expect(page.locator("#epochs figcaption").first).to_contain_text("Dice 0.1")  # written once its strip is drawn
    page.get_by_role("tab", name="Settings").click()
    expect(page.locator("#settings .changed th")).to_have_text("train.learning_rate")
    page.get_by_role("tab", name="Log").click()
    expect(page.locator("#log")).to_contain_text("Nothing was said here")
    expect(page.locator("#machine")).to_be_hidden()


def compare(page: Any) -> None:
    """The whole comparison, with every run's mask on every photo."""
    expect(page.locator("#verdicts")).to_contain_text("again and looked-at gave the same result")
    expect(page.locator("#smoothing")).to_have_value("0.5")
    assert page.locator("#curves path.curve").count() == 4  # of two series
    expect(page.locator("#figures")).to_contain_text("the same")
    expect(page.locator("#settings .unlike").first).to_have_text("0.1")
    page.locator("#changes summary", has_text="train.py").click()
    expect(page.locator("#changes ins").last).to_contain_text("+print('two')")
    expect(page.locator("#changes")).to_contain_text("data: the same photos and masks")
    # No comparison that begins with the other run is there, so nothing offers it.
    assert page.get_by_text("compare with this").count() == page.get_by_text("leave out").count() == 0
    expect(page.locator("#photos li")).to_have_count(4)
    drawn(page, "#photos img")
    row = page.locator("#photos li", has_text="found").first
    row.scroll_into_view_if_needed()
    assert near(found := colour(row.locator(".picture").nth(0)), (20, 20, 20)), found
    for at in (1, 2):
        assert near(found := colour(row.locator(".picture").nth(at)), (88, 46, 13)), found
    row.locator(".picture button").nth(2).click()
    drawn(page, ".closer img")
    page.wait_for_timeout(100)
    assert near(found := colour(page.locator(".closer .stage")), (88, 46, 13)), found
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    drawn(page, ".closer img")
    page.wait_for_timeout(100)
    assert near(found := colour(page.locator(".closer .stage")), (20, 20, 20)), found
    page.keyboard.press("Escape")


def choose(page: Any) -> None:
    """The table leads to the runs that are there, and to the comparison that is."""
    expect(page.locator("#table a", has_text="looked-at")).to_have_attribute(
        "href", "../run/looked-at/index.html?name=looked-at"
    )
    assert page.locator("#table a", has_text="other").get_attribute("href") is None
    for name in ("other", "again"):
        page.get_by_label(f"Choose {name}").check()
    assert page.locator("#compare").get_attribute("href") is None
    expect(page.locator("#compare")).to_have_attribute("title", "This comparison is not in the export")


def test_photos_of_the_data_and_a_filter_open_from_disk(tmp_path: Path, tiles: Tiles, browser: Any) -> None:
    repository = photographed(tmp_path / "parts")
    project = repository.project
    base = git(project.root, "rev-parse", "HEAD")
    put_task(project, base, "waits")
    put_task(project, base, "failed", "failed")
    tag(repository, "model@v1.0.0", base, "Safe", run="main")
    tag(repository, "model#prod#1", base, "v1.0.0 to prod")
    views = ("data/?type=crack", "experiments/?filter=dice_mean > 0.5", "queue/", "models/", "history/")
    tiles("studio", "export", tmp_path / "site", *views, cwd=project.root, PYTHONPATH=str(ROOT))
    with opened(browser, tmp_path / "site" / "index.html") as visit:
        page = visit.page
        expect(page.locator("#tiles article")).to_have_count(1)
        expect(page.locator("#count")).to_contain_text("1 tile, of crack; all exposures")
        drawn(page, "#tiles img")
        page.locator("#tiles button").first.click()
        drawn(page, "dialog img")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Data", exact=True).click()
        expect(page.locator("#tiles")).to_have_text("The photos are not in this export.")
        page.locator("summary", has_text="Export of").click()
        page.get_by_role("link", name="Experiments dice_mean > 0.5").click()
        expect(page.locator("#filter")).to_have_value("dice_mean > 0.5")
        for name in ("Queue", "Models", "History", "Axes"):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page).to_have_title(f"{name} – parts – tiles")
            page.wait_for_timeout(200)
        page.get_by_role("link", name="Queue", exact=True).click()
        expect(page.locator("#rows tr > th")).to_have_text(["waits", "failed"])
        page.get_by_role("button", name="failed 1").click()
        expect(page.locator("#rows tr > th")).to_have_text(["failed"])
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.locator("#events li")).to_have_count(2)
        page.get_by_role("button", name="prod", exact=True).click()
        expect(page.locator("#events li")).to_have_count(1)


def test_what_cannot_be_exported_is_said(tmp_path: Path, tiles: Tiles) -> None:
    project = Studied(tmp_path / "parts").project
    done = tiles("studio", "export", "site", "run/?name=loked-at", cwd=project.root, code=1, PYTHONPATH=str(ROOT))
    assert "there is no experiment, task or commit 'loked-at'" in done.stderr
    assert "looked-at" in done.stderr
    done = tiles("studio", "export", "site", "board/", cwd=project.root, code=2, PYTHONPATH=str(ROOT))
    assert "there is no view 'board'" in done.stderr
    assert not (project.root / "site").exists()
