"""How fast the studio's pages are: first views, clicks, a refresh, the server's memory.

    python benchmarks/studio_pages.py [NUMBER ...]    default: 1000

The same synthetic repositories as in `compare_experiments.py`, the real server, a headless Chromium. First view: from
the request to the first frame with the page's contents in it; cold where nothing of an earlier reading is left.
Interaction: from the click or key to the frame after it, the median of several. Beside the time on the clock stands
the time on the processor (the server's and that of the page's main thread), which other work on the machine disturbs
less.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from compare_experiments import build, forget
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMES = 12
FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
CLICK = 'name => document.querySelector(`th[data-id="${name}"] button`).click()'
TYPE = """text => {
  const field = document.getElementById("find");
  field.value = text;
  field.dispatchEvent(new Event("input"));
}"""
SCROLL = "top => { document.querySelector('.scroller').scrollTop = top; }"
BRUSH = """key => {
  const end = document.querySelector("#lines .end[role=slider]");
  end.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}"""
# What is there once a page has drawn what it shows.
READY = {
    "experiments": "tbody tr.experiment",
    "axes": "#count:not(:empty)",
    "queue": "#summary:not(:empty), #empty:not([hidden])",
    "data": "#types table, #empty:not([hidden])",
    "models": "#stages > *, #empty:not([hidden])",
    "history": "#commits > li, #empty:not([hidden])",
}
Times = tuple[float, float]  # ms on the clock, ms on the processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, default=[1000])
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        for number in parser.parse_args().numbers:
            project = Path(folder) / f"project-{number}"
            build(project, number)
            forget(project)
            print(f"{number} experiments                    clock    processor")
            measure(opened, project, number)
        opened.close()


def chromium() -> str:
    """The browser's path; ends the program where there is none."""
    browser = next((found for found in map(shutil.which, NAMES) if found), None)
    return browser or sys.exit(f"none of {', '.join(NAMES)} is on PATH")


def measure(browser: Any, project: Path, number: int) -> None:
    """Print what one project costs."""
    with serving(project) as (pid, url):
        show("first view, cold", [first_view(browser, pid, url, "experiments", number)])
    with serving(project) as (pid, url):
        show("first view, server just begun", [first_view(browser, pid, url, "experiments", number)])
        show("first view, again", [first_view(browser, pid, url, "experiments", number) for _ in range(5)])
        show("what it shows, once more", [refresh(pid, url) for _ in range(TIMES)])
        page = open_page(browser, url)
        figures = ["dice_mean", "auroc"] * (TIMES // 2)
        show("click on a heading, drawn", [interact(page, CLICK, name) for name in figures])
        show("letter in the search, drawn", [interact(page, TYPE, f"run-{n}") for n in range(TIMES)])
        page.evaluate(TYPE, "")
        show("scrolled anywhere, drawn", [interact(page, SCROLL, 997 * n) for n in range(1, TIMES)])
        page.close()
        for name in READY:
            if name != "experiments":
                show(f"first view of {name}, again", [first_view(browser, pid, url, name) for _ in range(6)][1:])
        page = open_page(browser, url, "axes")
        show("end of a brush moved, drawn", [interact(page, BRUSH, "ArrowUp") for _ in range(TIMES)])
        print(f"  server's memory, at most          {memory(pid):5.0f} MB")


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


def open_page(browser: Any, url: str, name: str = "experiments") -> Any:
    """The page with its contents; `page.spent()` is what its main thread has used of the processor (ms), `page.taken`
    the time from the request to the first frame with contents (ms).
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
        return 1000 * float(metrics["TaskDuration"])

    page.spent = spent
    begun = time.perf_counter()
    page.goto(f"{url}/{name}/", wait_until="commit")
    page.locator(READY[name]).first.wait_for(state="attached")
    page.evaluate(FRAME)
    page.taken = 1000 * (time.perf_counter() - begun)
    return page


def first_view(browser: Any, pid: int, url: str, name: str, number: int = 0) -> Times:
    before = processor(pid)
    page = open_page(browser, url, name)
    taken = page.taken
    if number:
        assert f"{number:,}" in page.inner_text("#count"), "experiments are missing from the page"
    worked = processor(pid) - before + page.spent()
    page.close()
    return taken, worked


def interact(page: Any, what: str, value: Any) -> Times:
    script = f"""async value => {{
      const begun = performance.now();
      ({what})(value);
      await {FRAME};
      return performance.now() - begun;
    }}"""
    before = page.spent()
    taken = page.evaluate(script, value)
    page.evaluate(FRAME)
    return taken, page.spent() - before


def refresh(pid: int, url: str) -> Times:
    """What the server does where nothing has changed."""

    def ask() -> None:
        with urllib.request.urlopen(f"{url}/api/pages/experiments") as answer:  # noqa: S310 - our own server
            answer.read()

    return timed(ask, lambda: processor(pid))


def timed(work: Callable[[], None], spent: Callable[[], float]) -> Times:
    before, begun = spent(), time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun), spent() - before


def show(what: str, times: list[Times]) -> None:
    clock, worked = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"  {what:31} {clock:7.0f} ms {worked:7.0f} ms", flush=True)


def address(log: Path, server: subprocess.Popen[Any]) -> str:
    while server.poll() is None:
        found = re.search(r"ready on (http://[\w.]+:\d+)", log.read_text())
        if found:
            return found.group(1)
        time.sleep(0.1)
    sys.exit(log.read_text())


def processor(pid: int) -> float:
    """What a process and its ended children have used of the processor (ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """The most that a process held at once (MB)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) / 1000


if __name__ == "__main__":
    main()
