"""A project's dataset, split and folders, without git and DVC, which only saving needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.photosets import HEIGHT, WIDTH, noise, put, spot
from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.layout import Project

TYPES = {"a": "crack", "b": "crack", "c": "blowhole", "d": "good", "e": "good"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Five photos; b is a brighter copy of a, of the same tile."""
    made = Project(tmp_path / "parts")
    photos = []
    for number, (name, defect) in enumerate(TYPES.items()):
        photo = noise(1 if name == "b" else number + 1) // (1 if name == "b" else 2)
        put(made.dataset / "images" / f"{name}.png", photo)
        mask = "" if defect == "good" else f"masks/{name}.png"
        if mask:
            put(made.dataset / mask, spot(left=number))
        photos.append(Photo(name, f"images/{name}.png", mask, defect, "line", "", WIDTH, HEIGHT))
    write_index(made.index, photos)
    rows = [
        Assigned(name, "tile-a" if name in "ab" else f"tile-{name}", defect, "train") for name, defect in TYPES.items()
    ]
    write_manifest(made.split, rows)
    made.params.write_text("data:\n  sources: [sample]\n")
    subprocess.run(["git", "init", "-q", str(made.root)], check=True)
    return made
