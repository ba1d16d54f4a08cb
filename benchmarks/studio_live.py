"""How soon the studio's page of a run shows an epoch, and what being watched costs a training.

    python benchmarks/studio_live.py [ROUNDS]    default: 3

Real trainings on the built-in sample, watched and unwatched in turn. Delay: from the time stamp of the training's own
status to the moment at which the page, in a headless Chromium, says so. Cost: what the server used of all cores while
the page was open, which is the most that a training can lose to it. The seconds of the training itself stand beside it,
but the browser, which belongs on the user's desk, shares its cores here.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from studio_pages import chromium, processor, serving
from train_overhead import run

SETTINGS = ["data.sources=[sample]", "data.sample.tiles=24", "train.widths=[8,16,24]", "train.crop_size=64"]
SETTINGS += ["train.batch_size=16", "train.epochs=12", "train.steps_per_epoch=40", "evaluate.pictures=0"]
# The page may not make code from text, so the sight of it is asked for again and again.
EPOCH = "Number((document.getElementById('progress')?.textContent ?? '').match(/epoch (\\d+) of/)?.[1] ?? 0)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    rounds = parser.parse_args().rounds
    delays: list[float] = []
    alone, watched, shares = [], [], []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        run(["tilecli", "init", "project", *(part for one in SETTINGS for part in ("-S", one))], Path(folder))
        project = Path(folder) / "project"
        run(["tilecli", "split"], project)
        for number in range(rounds):
            alone.append(train(project, 2 * number)[0])
            with serving(project) as (pid, url):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.goto(f"{url}/run/?name=workspace")
                before = processor(pid)
                seconds, took = train(project, 2 * number + 1, page, delays)
                shares.append((processor(pid) - before) / 1000 / took)
                watched.append(seconds)
                page.close()
        browser.close()
    late = statistics.median(delays)
    print(f"an epoch is seen after {late:.2f} s (median of {len(delays)}), {max(delays):.2f} s at most")
    print(f"a training takes {statistics.median(alone):.1f} s alone, {statistics.median(watched):.1f} s watched")
    share = statistics.median(shares) / (os.cpu_count() or 1)
    print(f"meanwhile the server uses {100 * share:.2f} % of the {os.cpu_count()} cores")


def train(project: Path, seed: int, page: Any = None, delays: list[float] | None = None) -> tuple[float, float]:
    """Seconds that the network trained for, and that the command took; notes how late `page` showed each epoch."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "tilecli", "train", "-S", f"train.seed={seed}"]
    begun, seen = time.perf_counter(), 0
    training = subprocess.Popen(
        command, cwd=project, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while training.poll() is None:
        if page is None or delays is None:
            time.sleep(0.2)
            continue
        shown = page.evaluate(EPOCH)
        if shown > seen:
            if seen:  # the first is there with the page's first sight of the training
                delays.append(time.time() - written(project, shown))
            seen = shown
        time.sleep(0.05)
    assert training.returncode == 0, "the training failed"
    figures = json.loads((project / "training" / "metrics.json").read_text())
    return float(figures["seconds"]), time.perf_counter() - begun


def written(project: Path, epoch: int) -> float:
    """When the training's curves got their row of this epoch, by the file's time stamp."""
    series = project / "training" / "plots" / "metrics" / "valid" / "dice.tsv"
    assert len(series.read_text().splitlines()) > epoch - 1, "the page knows more than the curves"
    return series.stat().st_mtime


if __name__ == "__main__":
    main()
