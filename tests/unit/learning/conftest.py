"""A very small project, made of grey rectangles: fetched and split already, ready to train on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.config import Params, TrainParams
from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.layout import GOOD, Project

SUBSETS = ("train", "train", "train", "valid")


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[str], Project]:
    """Make a project of 32 photos of 48–80 px in a new folder; every second shows a bright rectangle, its defect."""

    def make(name: str) -> Project:
        project = Project(tmp_path / name)
        rng = np.random.default_rng(0)
        photos, rows = [], []
        for number in range(32):
            height, width = int(rng.integers(48, 80)), int(rng.integers(64, 80))
            photo = rng.normal(90, 12, (height, width)).clip(0, 255).astype(np.uint8)
            mask = np.zeros((height, width), np.uint8)
            defect = ("scratch", "blob")[number // 2 % 2] if number % 2 else GOOD
            if defect != GOOD:
                y, x = int(rng.integers(0, height - 16)), int(rng.integers(0, width - 16))
                mask[y : y + 16, x : x + (16 if defect == "blob" else 6)] = 255
                photo[mask > 0] += 90
            name = f"photo_{number:02d}"
            for folder, picture in (("images", photo), ("masks", mask)):
                (project.dataset / folder).mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(project.dataset / folder / f"{name}.png"), picture)
            photos.append(
                Photo(name, f"images/{name}.png", f"masks/{name}.png", defect, "made", "", width=width, height=height)
            )
            rows.append(Assigned(name, f"tile_{number // 2}", defect, SUBSETS[number // 2 % 4]))
        write_index(project.index, photos)
        write_manifest(project.split, rows)
        return project

    return make


@pytest.fixture
def tiny() -> Params:
    """Settings of a run of a few seconds, in float32 on the CPU."""
    return Params(
        train=TrainParams(
            widths=(8, 12),
            crop_size=32,
            batch_size=4,
            epochs=4,
            steps_per_epoch=6,
            learning_rate=0.01,
            ema=0.9,
            device="cpu",
            precision="fp32",
        )
    )
