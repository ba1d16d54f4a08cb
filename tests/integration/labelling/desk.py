"""`tiles data label` as a process of its own, and its page driven with a real mouse."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import ROOT
from tests.integration.serving.browser import sync_api
from tilecli.labelling.drafts import Draft, Drafts
from tilecli.layout import Project

_URL = re.compile(r"http://[\w.]+:\d+")


class Started:
    """A running server of the page."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self.log = process, log
        self.url = self._wait()

    def _wait(self) -> str:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            said = self.log.read_text()
            found = _URL.search(said)
            if "ready on" in said and found:
                return found.group()
            assert self.process.poll() is None, said
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


@contextlib.contextmanager
def start(project: Project, *arguments: str) -> Iterator[Started]:
    """The server on a free port, ended afterwards."""
    log = project.root.parent / f"label-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tilecli", "data", "label", *arguments, "--no-browser", "--port", "0"]
    with log.open("w") as stream:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=project.root, stdout=stream, stderr=stream, env=environment)
    try:
        yield Started(process, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


class Page:
    """The page, with places given in px of a photo."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, url: str) -> None:
        """Load it and wait for its first photo."""
        self.page.goto(url)
        self.page.wait_for_selector("body[data-shows=done]", timeout=60_000)

    def see(self, name: str) -> None:
        """Wait until that photo is looked at."""
        sync_api.expect(self.page.locator("#name")).to_have_text(name, timeout=30_000)

    def panes(self) -> list[str]:
        """The photos that are shown."""
        return [pane.get_attribute("data-photo") for pane in self.page.locator(".pane").all()]

    def at(self, x: float, y: float, pane: str, size: tuple[int, int]) -> list[float]:
        """Where a place (px) of what is seen is in the window, where all of it fits: `size` is its height and width."""
        box = self.page.locator(f'.pane[data-photo="{pane}"]').bounding_box()
        scale = min(box["width"] / size[1], box["height"] / size[0])
        left, top = (box["width"] - size[1] * scale) / 2, (box["height"] - size[0] * scale) / 2
        return [box["x"] + left + x * scale, box["y"] + top + y * scale]

    def drag(self, *places: list[float]) -> None:
        """Press at the first place, go over the others, release at the last."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, element: str) -> str:
        return str(self.page.locator(f"#{element}").inner_text())

    def wait(self, element: str, words: str) -> None:
        """Until an element says that."""
        sync_api.expect(self.page.locator(f"#{element}")).to_contain_text(words, timeout=90_000)


def draft(project: Project, photo: str, *, drawn: bool = True, seconds: float = 15) -> Draft:
    """The draft of a photo, once it is there; drawn: and has a mask."""
    until = time.monotonic() + seconds
    while (found := Drafts(project).get(photo)) is None or (drawn and not found.mask.any()):
        assert time.monotonic() < until, f"no draft of {photo}"
        time.sleep(0.05)
    return found


def settled(project: Project, photo: str, area: int | None, seconds: float = 15) -> np.ndarray | None:
    """The mask of a photo's draft, once it has `area` px; None: once there is no draft."""
    until = time.monotonic() + seconds
    while True:
        found = Drafts(project).get(photo)
        if found is None and area is None:
            return None
        if found is not None and area is not None and int(found.mask.sum()) == area:
            return found.mask
        assert time.monotonic() < until, f"{photo}: {None if found is None else int(found.mask.sum())} px, not {area}"
        time.sleep(0.05)


@contextlib.contextmanager
def visit(browser: Any, url: str, **options: Any) -> Iterator[Page]:
    """The page in a fresh profile; afterwards nothing may have gone wrong in it."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    try:
        page = Page(context.new_page())
        page.open(url)
        yield page
        assert page.complaints == []
    finally:
        context.close()
