"""The page of a run in a real browser: looked at when it is over, and followed while it runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.serving.browser import sync_api, visiting
from tests.integration.studio.desk import start
from tests.studied import Studied, epochs

# A pixel of the picture, by a canvas of its own: the page's is not made for reading.
GREY = """() => {
  const own = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  own.drawImage(document.querySelector('.strip canvas'), -9, -9);
  return own.getImageData(0, 0, 1, 1).data[0];
}"""
pytestmark = pytest.mark.timeout(300)


def until(page: Any, condition: str) -> None:
    """Wait until a JavaScript expression is true, without the `eval` that the page's policy forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


def loaded(page: Any, address: str) -> None:
    """Wait until the viewer shows that picture."""
    sync_api.expect(page.locator("dialog")).to_have_attribute(
        "data-shows", re.compile(f"{re.escape(address)}$"), timeout=30_000
    )


def put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_run_is_looked_at_and_another_one_followed(tmp_path: Path, browser: Any) -> None:
    studied = Studied(tmp_path / "parts")
    project = studied.project
    see = sync_api.expect
    with start(project) as url:
        with visiting(browser, f"{url}/run/?name=looked-at&tab=photos") as visit:
            page = visit.page
            rows = page.locator(".photos tbody tr")
            see(rows).to_have_count(4)
            # The worst first; of those that are equally bad the one with more wrong pixels.
            assert page.locator(".photos tbody th").all_inner_texts() == ["alarm", "missed", "fine", "found"]
            until(page, "[...document.querySelectorAll('.thumbnail img')].every(one => one.naturalWidth)")
            page.get_by_role("button", name="photo", exact=True).click()
            assert page.locator(".photos tbody th").all_inner_texts() == ["alarm", "fine", "found", "missed"]
            page.locator("#outcome").select_option("missed")
            see(rows).to_have_count(1)
            see(page.get_by_text("1 of 4 photos")).to_be_visible()
            page.locator("#outcome").select_option("")

            rows.nth(2).click()
            loaded(page, "photos/found/prediction")
            for key, kind in (("2", "truth"), ("4", "probability"), ("5", "error")):
                page.keyboard.press(key)
                loaded(page, f"photos/found/{kind}")
            page.keyboard.press("ArrowRight")
            loaded(page, "photos/missed/error")
            see(page.locator("#viewer-title")).to_have_text("missed")
            assert "photo=missed" in page.url and "kind=error" in page.url and "sort=photo" in page.url
            page.locator("#opacity").fill("0.5")
            assert page.locator(".stage img").nth(1).evaluate("one => getComputedStyle(one).opacity") == "0.5"
            page.keyboard.press("Escape")
            see(page.locator("dialog")).not_to_be_visible()
            see(page.locator(".photos tbody button").nth(2)).to_be_focused()

            page.get_by_role("tab", name="Training").click()
            see(page.locator(".chart .curve").first).to_be_visible()
            see(page.get_by_label("Loss over epochs")).to_contain_text("train ends with 0.800 at epoch 3, from 1.30")
            see(page.locator("#epochs output")).to_have_text("epoch 3 of 3")
            read_curves(page)
            page.locator("#epoch").fill("0")
            see(page.locator("#epochs output")).to_have_text("epoch 1 of 3")
            grey = f"({GREY})()"
            until(page, f"Math.abs({grey} - 40) < 4")
            assert "epoch=1" in page.url
            page.get_by_role("tab", name="Training").press("ArrowLeft")
            see(page.locator("#log")).to_be_visible()
            page.get_by_role("tab", name="Settings").click()
            see(page.locator("#settings .changed th")).to_have_text("train.learning_rate")

        with visiting(browser, f"{url}/run/?name=<b>looked</b>", viewport={"width": 900, "height": 700}) as visit:
            see(visit.page.locator("#run")).to_contain_text("there is no experiment, task or commit '<b>looked</b>'")
            visit.page.goto(f"{url}/run/?name=looked-at")
            see(visit.page.locator(".chart .curve").first).to_be_visible()
            assert visit.wide() == 0

        busy = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(90)"], start_new_session=True)
        try:
            follow(browser, url, studied, busy.pid)
        finally:
            busy.kill()
            busy.wait()


def read_curves(page: Any) -> None:
    """What the curves say at an epoch, and the photos of one that is chosen there."""
    see = sync_api.expect
    pane, said = page.locator("#curves .pane").first, page.locator("#curves .said").first
    pane.focus()
    page.keyboard.press("ArrowLeft")
    see(said).to_have_text("epoch 20.500 at 0.5")
    see(pane).to_have_attribute("aria-valuetext", "epoch 2: at 0.5 0.500")
    page.keyboard.press("+")  # closer: one epoch on each side is left
    page.keyboard.press("Enter")
    see(page.locator("#epochs output")).to_have_text("epoch 2 of 3")
    assert page.locator("#curves .here").first.get_attribute("visibility") == "visible"
    box = page.locator("#curves .pane").nth(1).bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    see(page.locator("#epochs output")).to_have_text("epoch 1 of 3")
    page.locator("#smoothing").fill("0.5")
    see(page.locator("#curves path.raw")).to_have_count(2)
    page.locator("#logarithmic").check()
    see(page.locator("#curves .title")).to_have_text(["epoch", "epoch (logarithmic height)"])  # Dice stays as it is
    page.locator("summary", has_text="Series").click()
    page.locator("#curves fieldset").get_by_label("Loss").uncheck()
    see(page.locator("#curves h3")).to_have_text(["Dice on the valid subset over epochs"])
    see(page).to_have_url(re.compile("smooth=0.5&log=1&series=dice"))
    page.locator("#curves fieldset").get_by_label("Loss").check()


def follow(browser: Any, url: str, studied: Studied, pid: int) -> None:
    """A training in the workspace, as its files tell of it, and as the page then does."""
    project, see = studied.project, sync_api.expect
    said: dict[str, Any] = {"pid": pid, "began": time.time() - 1, "stage": "train", "task": "train", "total": 40}

    def epoch(number: int) -> None:
        rows = "".join(f"{step}\t{step / 10}\n" for step in range(1, number + 1))
        put(project.valid_dice, f"step\tdice\n{rows}")
        for name, data in epochs(number).items():
            put(project.epoch_pictures / name, data)
        put(project.training_metrics, json.dumps({"best": {"epoch": 1}, "epoch": number, "seconds": 3.0 * number}))
        put(project.live / "output.log", f"epoch {number} is over\n")
        more = {"done": number * 10, "epoch": number, "epochs": 4, "valid_dice": number / 10, "best_dice": number / 10}
        put(project.live / "status.json", json.dumps({**said, **more, "until": time.time() + 100}))

    put(project.training / "plots" / "metrics" / "lr.tsv", "step\tlr\n1\t0.1\n2\t0.05\n")
    epoch(1)
    with visiting(browser, f"{url}/run/?name=workspace") as visit:
        page = visit.page
        see(page.locator("#progress")).to_contain_text("epoch 1 of 4 · 1 m")
        see(page.locator("#epochs output")).to_have_text("epoch 1 of 1")
        see(page.locator("#live")).to_have_text("live")
        see(page.locator("#machine")).to_contain_text("this run, memory", timeout=10_000)
        see(page.locator("#curves h3")).to_have_text(
            ["Dice on the valid subset over epochs", "Learning rate over epochs"]
        )
        chart = page.locator(".chart").first.element_handle()
        rate = page.locator(".chart .curve").last.element_handle()
        page.locator("#curves .pane").first.focus()
        page.keyboard.press("Home")
        epoch(2)
        see(page.locator("#progress")).to_contain_text("epoch 2 of 4")
        see(page.get_by_label("Dice on the valid subset over epochs")).to_contain_text("ends with 0.200 at epoch 2")
        see(page.locator("#epochs output")).to_have_text("epoch 2 of 2")
        assert chart.is_visible()  # drawn on, not anew
        assert rate.is_visible()  # and what has not changed, not at all
        # Whoever reads goes on reading.
        see(page.locator("#curves .said").first).to_have_text("epoch 10.100 at 0.5, best epoch 1")
        see(page.locator("#curves .strong")).to_have_text(["best epoch 1"] * 2)
        page.get_by_role("tab", name="Log").click()
        see(page.locator("pre")).to_have_text("epoch 2 is over")
        put(project.live / "status.json", json.dumps({**said, "ended": time.time()}))
        see(page.locator("#progress")).not_to_be_visible(timeout=10_000)
