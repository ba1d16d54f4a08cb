"""How long `tiles data status` takes on many unchanged photos, beside `dvc status` on the same ones in the same run,
how long a batch of 1,000 photos takes to join, and how many objects a version costs.

    python benchmarks/data_status.py --photos 10000

Photos are small squares of noise with a mask each; what is measured depends on their number, not on their pixels.
Prints a JSON object with seconds (the fastest of `--runs`) and the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

SIDE = 24  # px


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    options.add_argument("--photos", type=int, default=10_000)
    options.add_argument("--batch", type=int, default=1_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        print(json.dumps(measure(Path(name), given.photos, given.batch, given.runs), indent=2))


def measure(folder: Path, photos: int, batch: int, runs: int) -> dict[str, float]:
    project = folder / "project"
    write_photos(folder / "photos", photos, seed=0)
    tiles(folder, "init", str(project), "-S", "data.sources=[../photos]")
    found: dict[str, float] = {"photos": photos, "fetch_s": tiles(project, "fetch")}
    tiles(project, "data", "commit", "-m", "Base")
    found["status_first_s"] = tiles(project, "data", "status", "--json")
    time.sleep(0.1)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(tiles(project, "data", "status", "--json"))
        theirs.append(timed([sys.executable, "-m", "dvc", "status"], project))
    found |= {"status_s": min(ours), "dvc_status_s": min(theirs), "ratio": min(theirs) / min(ours)}
    before = objects(project)
    write_photos(folder / "batch", batch, seed=1)
    found |= {"batch": batch, "add_s": tiles(project, "data", "add", "../batch", "--name", "more")}
    found["new_objects"] = objects(project) - before
    return {name: round(value, 2) for name, value in found.items()}


def write_photos(folder: Path, count: int, seed: int) -> None:
    """`images/crack/x.png` and `masks/crack/x.png`, all different."""
    random = np.random.default_rng(seed)
    for kind in ("images", "masks"):
        (folder / kind / "crack").mkdir(parents=True)
    for number in range(count):
        photo = random.integers(0, 255, (SIDE, SIDE), np.uint8)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask.flat[number % mask.size] = 255
        for kind, values in (("images", photo), ("masks", mask)):
            cv2.imwrite(str(folder / kind / "crack" / f"{'ab'[seed]}{number:05}.png"), values)


def objects(project: Path) -> int:
    return sum(path.is_file() for path in (project / ".dvc" / "cache" / "files").rglob("*"))


def tiles(folder: Path, *arguments: str) -> float:
    return timed([sys.executable, "-m", "tilecli", *arguments], folder)


def timed(command: list[str], folder: Path) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env={**os.environ, "DVC_NO_ANALYTICS": "1"}, capture_output=True, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
