"""A small project of sample photos to measure on, made with the library alone: no git, no DVC."""

from __future__ import annotations

from pathlib import Path

from tilecli import progress
from tilecli.config import DataParams, SampleParams, SplitParams
from tilecli.data.fetch import fetch_dataset
from tilecli.data.split import split_dataset
from tilecli.layout import Project

TILES = 24


def small_project(folder: Path) -> Project:
    """Sample photos, fetched and split, in `folder`; what the steps have to say is not passed on."""
    project = Project(folder)
    with progress.listen(lambda _: None):
        fetch_dataset(project, DataParams(sources=("sample",), sample=SampleParams(tiles=TILES, seed=0)))
        split_dataset(project, SplitParams())
    return project
