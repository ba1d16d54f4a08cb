"""What a commit holds itself, and what of it lies in DVC's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.experiments.history import Repository
from tilecli.experiments.reading import snapshot

LOCK = """schema: '2.0'
stages:
  train:
    outs:
    - {path: training/checkpoints/best.ckpt, hash: md5, md5: aaaa, size: 1}
    - {path: training/metrics.json, hash: md5, md5: bbbb, size: 1}
    - {path: training/plots/metrics, hash: md5, md5: cccc.dir, size: 1}
  export:
    outs:
    - {path: models/bundle, hash: md5, md5: dddd.dir, size: 1}
"""


@pytest.mark.parametrize("place", ["", "vision"])
def test_files_and_folders_that_git_holds_are_not_in_the_cache(tmp_path: Path, place: str) -> None:
    repository = Repository.at(tmp_path, place)
    # As DVC leaves it: beside what it ignores for git lies a .gitignore.
    repository.write(
        {
            "dvc.lock": LOCK,
            "training/metrics.json": "{}",
            "training/plots/metrics/valid/dice.tsv": "step\tdice\n",
            "training/checkpoints/.gitignore": "/best.ckpt\n",
            "models/.gitignore": "/bundle\n",
        }
    )
    rev = repository.commit()
    found = [out.path for out in snapshot.tracked_by_dvc(repository.project, rev)]
    assert found == ["training/checkpoints/best.ckpt", "models/bundle"]
