"""How fast the studio's table of experiments is: its first view, clicks, a refresh, the server's memory.

    python benchmarks/studio_table.py [NUMBER ...]    default: 1000

The same synthetic repositories as in `compare_experiments.py`, the real server, a headless Chromium. First view: from
the request to the first frame with rows in it; cold where nothing of an earlier reading is left. Interaction: from the
click to the frame after it, the median of several, sorted by one figure and then by another.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compare_experiments import build, forget
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLICKS = 12
FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
CLICK = f"""async name => {{
  const button = document.querySelector(`th[data-id="${{name}}"] button`);
  const begun = performance.now();
  button.click();
  await {FRAME};
  return performance.now() - begun;
}}"""
TYPE = f"""async text => {{
  const field = document.getElementById("find");
  field.value = text;
  const begun = performance.now();
  field.dispatchEvent(new Event("input"));
  await {FRAME};
  return performance.now() - begun;
}}"""
SCROLL = f"""async top => {{
  const begun = performance.now();
  document.querySelector(".scroller").scrollTop = top;
  await {FRAME};
  await {FRAME};
  return performance.now() - begun;
}}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, default=[1000])
    browser = next((found for found in map(shutil.which, NAMES) if found), None)
    if browser is None:
        sys.exit(f"none of {', '.join(NAMES)} is on PATH")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for number in parser.parse_args().numbers:
            project = Path(folder) / f"project-{number}"
            build(project, number)
            forget(project)
            print(f"{number} experiments")
            measure(opened, project, number)
        opened.close()


def measure(browser: Any, project: Path, number: int) -> None:
    """Print what one project costs."""
    with serving(project) as (_, url):
        show("first view, cold", first_view(browser, url, number))
    with serving(project) as (process, url):
        show("first view, server just begun", first_view(browser, url, number))
        show("first view, again", min(first_view(browser, url, number) for _ in range(3)))
        show("what it shows, asked once more", min(timed(f"{url}/api/pages/experiments") for _ in range(5)))
        interact(browser, url)
        print(f"  server's memory, at most          {memory(process):7.1f} MB")


@contextlib.contextmanager
def serving(project: Path) -> Iterator[tuple[int, str]]:
    """Process id and address of `tiles studio` in the project."""
    with (project.parent / "log").open("w+") as log:
        command = [sys.executable, "-m", "tilecli", "studio", "--no-browser", "--port", "0"]
        server = subprocess.Popen(command, cwd=project, stdout=log, stderr=log)
        try:
            yield server.pid, address(Path(log.name), server)
        finally:
            server.terminate()
            server.wait()


def first_view(browser: Any, url: str, number: int) -> float:
    """Seconds until rows are seen."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    begun = time.perf_counter()
    page.goto(f"{url}/experiments/")
    page.wait_for_selector("tbody tr.experiment")
    page.evaluate(FRAME)
    taken = time.perf_counter() - begun
    assert f"{number:,}" in page.inner_text("#count"), "experiments are missing from the page"
    page.close()
    return taken


def interact(browser: Any, url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{url}/experiments/")
    page.wait_for_selector("tbody tr.experiment")
    figures = ["dice_mean", "auroc"] * CLICKS
    middle("click on a heading, drawn", [page.evaluate(CLICK, name) for name in figures])
    middle("letter in the search, drawn", [page.evaluate(TYPE, f"run-{n}") for n in range(CLICKS)])
    page.evaluate(TYPE, "")
    middle("scrolled anywhere, drawn", [page.evaluate(SCROLL, 997 * n) for n in range(CLICKS)])
    page.close()


def middle(what: str, milliseconds: list[float]) -> None:
    show(what, statistics.median(milliseconds) / 1000, f"at most {max(milliseconds):.0f} ms")


def show(what: str, seconds: float, more: str = "") -> None:
    print(f"  {what:33} {1000 * seconds:7.0f} ms  {more}", flush=True)


def timed(url: str) -> float:
    begun = time.perf_counter()
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server
        answer.read()
    return time.perf_counter() - begun


def address(log: Path, server: subprocess.Popen[Any]) -> str:
    while server.poll() is None:
        found = re.search(r"ready on (http://[\w.]+:\d+)", log.read_text())
        if found:
            return found.group(1)
        time.sleep(0.1)
    sys.exit(log.read_text())


def memory(pid: int) -> float:
    """The most that a process held at once, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) / 1000


if __name__ == "__main__":
    main()
