"""Where DVC's cache is: asked only where settings speak of one, once, and again when the answer could be another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tilecli.experiments import storage
from tilecli.experiments.reading import cacheplace
from tilecli.layout import Project


def dvc(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, check=True, capture_output=True)


def test_dvc_is_asked_when_its_settings_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dvc(tmp_path, "init", "--no-scm", "--quiet")
    project = Project(tmp_path)
    asked: list[Project] = []
    really = storage.cache_folder
    monkeypatch.setattr(storage, "cache_folder", lambda which: asked.append(which) or really(which))
    (tmp_path / ".dvc" / "cache").mkdir()
    assert cacheplace.cache_folder(project) == tmp_path.resolve() / ".dvc" / "cache" == really(project)
    assert not asked  # no settings speak of it
    (tmp_path / "shared").mkdir()
    dvc(tmp_path, "cache", "dir", "--local", "shared")
    assert [cacheplace.cache_folder(project) for _ in range(2)] == [tmp_path.resolve() / "shared"] * 2
    assert len(asked) == 1
    (tmp_path / "shared").rmdir()  # gone: DVC may say something else now
    assert cacheplace.cache_folder(project) == tmp_path.resolve() / "shared"
    assert len(asked) == 2
