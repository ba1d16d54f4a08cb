"""Names of experiments."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tilecli.experiments.project import experiment_name
from tilecli.layout import Project


def test_a_sweep_larger_than_the_list_of_words_still_gets_names(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    taken: set[str] = set()
    for _ in range(200):  # the words give 144
        name = experiment_name(Project(tmp_path), None, taken)
        assert name not in taken
        taken.add(name)
    assert any(name.startswith("run-") for name in taken)
