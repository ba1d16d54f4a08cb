"""A browser on the page of a real server, with everything noted that a page must not do."""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((found for found in map(shutil.which, NAMES) if found), None)
ARGUMENTS = [
    "--no-sandbox",  # a container has no user namespaces to build it from
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
_VIOLATIONS = "addEventListener('securitypolicyviolation', event => console.error('policy: ' + event.blockedURI))"
# Chromium's own line for an answer of 400 or more, which pages cannot keep it from writing.
_REFUSAL = re.compile(r"Failed to load resource: (the server responded with a status of|net::ERR_CONNECTION_REFUSED)")


class Visit:
    """One tab on the page of a server."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("filechooser", lambda _: None)  # from now on: asked for at a click, it may come too late for it
        page.add_init_script(_VIOLATIONS)
        page.goto(url)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and not _REFUSAL.match(message.text):
            self.complaints.append(message.text)

    def give(self, *photos: Path | dict[str, Any]) -> None:
        """Choose photos as the button does."""
        self.page.set_input_files("#files", list(photos))

    def see(self, name: str, state: str = "done") -> None:
        """Wait until the photo of that name is shown, with its answer."""
        shown = self.page.locator("#name", has_text=re.compile(f"^{re.escape(name)}$"))
        sync_api.expect(shown).to_be_visible(timeout=20_000)
        self.page.wait_for_selector(f"body[data-shows={state}]", timeout=20_000)
        if state == "done":
            self.page.wait_for_selector("#threshold-said:not(:empty)")

    def says(self, element: str) -> str:
        return str(self.page.locator(f"#{element}").inner_text())

    def regions(self) -> list[tuple[int, float, str]]:
        """The listed regions: area in px, mean probability, width×height."""
        rows = self.page.locator("#regions button").evaluate_all(
            "rows => rows.map(row => [...row.children].map(cell => cell.children[1].textContent))"
        )
        return [(int(area.replace(",", "")), float(mean), size) for _, area, mean, size in rows]

    def slide(self, slider: str, value: int) -> None:
        self.page.locator(f"#{slider}").evaluate(
            "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value
        )
        self.frame()

    def frame(self) -> None:
        """Wait until what was asked for is painted."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def canvas(self, name: str) -> np.ndarray:
        """H×W×4 RGBA pixels of `photo` or `mask` as they are drawn."""
        self.frame()
        script = """canvas => {
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
          let text = '';
          for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
          return [canvas.width, canvas.height, btoa(text)];
        }"""
        width, height, text = self.page.locator(f"#{name}").evaluate(script)
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)

    def painted(self, shape: tuple[int, int]) -> np.ndarray:
        """The mask as it is filled on the stage, brought back to the photo's size: 0 and 1."""
        drawn = self.canvas("mask")[:, :, 3]
        opacity = round(int(self.page.locator("#opacity").input_value()) / 100 * 255)
        filled = (np.abs(drawn.astype(int) - opacity) <= 1).astype(np.uint8)
        height, width = shape
        scale = min(drawn.shape[1] / width, drawn.shape[0] / height)
        left, top = round((drawn.shape[1] - width * scale) / 2), round((drawn.shape[0] - height * scale) / 2)
        rows = np.clip((top + (np.arange(height) + 0.5) * scale).astype(int), 0, drawn.shape[0] - 1)
        columns = np.clip((left + (np.arange(width) + 0.5) * scale).astype(int), 0, drawn.shape[1] - 1)
        return filled[np.ix_(rows, columns)]

    def wide(self) -> int:
        """px that the page can be moved sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """The browser that is installed; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(f"none of {', '.join(NAMES)} is on PATH")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser: Any, url: str, *, clean: bool = True, **options: Any) -> Iterator[Visit]:
    """A fresh profile on the page; afterwards, it must have asked nobody else and complained of nothing."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    try:
        visit = Visit(context.new_page(), url)
        yield visit
        own = "/".join(url.split("/")[:3])
        foreign = [asked for asked in visit.asked if not asked.startswith((own, "data:", f"blob:{own}"))]
        assert foreign == []
        if clean:
            assert visit.complaints == [], visit.complaints
    finally:
        context.close()


def wavy(height: int, width: int, seed: int = 0, grain: float = 6.0) -> np.ndarray:
    """A photo whose dark patches have soft edges, so that every threshold finds others."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), grain)
    return np.clip(150 + 45 * soft / soft.std(), 0, 255).astype(np.uint8)
