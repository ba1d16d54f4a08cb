"""A repository with a run that can be looked at: photos, a bundle and pictures in DVC's cache, and no training."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.experiment_repo import Repository, run_files
from tilecli.data.index import COLUMNS
from tilecli.evaluation.records import Record
from tilecli.layout import Project

HEIGHT, WIDTH = 90, 120
BOX = (30, 20, 25, 10)  # x, y, width, height of what the bundle finds
MISSED = (70, 60, 20, 8)  # of a true defect that it does not see
DEFECTS = {"found": "crack", "missed": "blowhole", "alarm": "good", "fine": "good"}
CURVE = (0.2, 0.5, 0.7)


def mask(box: tuple[int, int, int, int] | None) -> np.ndarray:
    """H×W of 0 and 255."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    if box:
        x, y, wide, high = box
        values[y : y + high, x : x + wide] = 255
    return values


class Cache:
    """DVC's cache of a project, written as DVC would."""

    def __init__(self, project: Project) -> None:
        self.root = project.root / ".dvc" / "cache"
        (project.root / ".dvc").mkdir(exist_ok=True)
        (project.root / ".dvc" / "config").write_text("[core]\n    check_update = false\n")
        self.root.mkdir()

    def path(self, md5: str) -> Path:
        return self.root / "files" / "md5" / md5[:2] / md5[2:]

    def keep(self, data: bytes, ending: str = "") -> str:
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest() + ending
        self.path(md5).parent.mkdir(parents=True, exist_ok=True)
        self.path(md5).write_bytes(data)
        return md5

    def keep_folder(self, files: Mapping[str, bytes]) -> str:
        listed = [{"md5": self.keep(data), "relpath": name} for name, data in sorted(files.items())]
        return self.keep(json.dumps(listed).encode(), ".dir")


def dataset() -> dict[str, bytes]:
    """Four photos of 90×120 px: one defect found, one missed, a false alarm and a good one."""
    dark = {"found": BOX, "alarm": BOX, "missed": None, "fine": None}
    truth = {"found": BOX, "missed": MISSED, "alarm": None, "fine": None}
    files, rows = {}, []
    for name, defect in DEFECTS.items():
        files[f"images/{name}.png"] = encoded(photo(HEIGHT, WIDTH, dark[name]))
        files[f"masks/{name}.png"] = encoded(mask(truth[name]))
        rows.append([name, f"images/{name}.png", f"masks/{name}.png", defect, "made", "", WIDTH, HEIGHT])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    return {**files, "index.csv": text.getvalue().encode()}


def records() -> list[Record]:
    """What an evaluation with the dark bundle says of them."""
    size = BOX[2] * BOX[3]
    other = MISSED[2] * MISSED[3]
    counts = {"found": (size, size, size), "missed": (0, 0, other), "alarm": (0, size, 0), "fine": (0, 0, 0)}
    return [
        Record(
            name, f"tile-{name}", DEFECTS[name], *counts[name], HEIGHT * WIDTH, 0.99 if predicted else 0.12,
            "defect" if predicted else "good", int(true > 0), int(name == "found"), int(name == "found"), 2.0,
        )
        for name, (_, predicted, true) in counts.items()
    ]  # fmt: skip


def epochs(count: int) -> dict[str, bytes]:
    """Pictures of `count` validations: strips of two photos, brighter from epoch to epoch."""
    strips = {f"{number:05d}.jpg": np.full((90, 248, 3), 40 * number, np.uint8) for number in range(1, count + 1)}
    index: dict[str, Any] = {
        "threshold": 0.5,
        "photos": [
            {"name": "v1", "defect": "crack", "box": [0, 0, 120, 90]},
            {"name": "v2", "defect": "good", "box": [128, 0, 120, 90]},
        ],
        "plain": "photos.jpg",
        "epochs": [{"epoch": n, "file": f"{n:05d}.jpg", "dice": [n / 10, 1.0]} for n in range(1, count + 1)],
    }
    strips["photos.jpg"] = np.zeros((90, 248, 3), np.uint8)
    files = {name: cv2.imencode(".jpg", strip)[1].tobytes() for name, strip in strips.items()}
    return {**files, "index.json": json.dumps(index).encode()}


class Studied:
    """The repository, its cache, and the experiment `looked-at`."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder)
        self.project = self.repository.project
        self.cache = Cache(self.project)
        written = folder.parent / f"{folder.name}-bundle"
        write_dark_bundle(written)
        self.bundle = self.cache.keep_folder({path.name: path.read_bytes() for path in written.iterdir()})
        self.photos = self.cache.keep_folder(dataset())
        self._pictures = self.cache.keep_folder(epochs(3))
        self.rev = self.experiment("looked-at")

    def experiment(self, name: str, rate: float = 0.05, **more: str) -> str:
        """One that was tested on the photos with the bundle. more: path → text of further files."""
        made = {"data/dataset": self.photos, "models/bundle": self.bundle, "training/pictures": self._pictures}
        outs = [{"path": path, "hash": "md5", "md5": md5} for path, md5 in made.items()]
        lock = {"stages": {"export": {"outs": outs}}}
        files = run_files(records(), {"train.learning_rate": rate}, CURVE)
        files |= {"dvc.lock": yaml.safe_dump(lock), "training/run.json": json.dumps({"device": "cpu", "seconds": 62.0})}
        return self.repository.experiment(name, files | more)
