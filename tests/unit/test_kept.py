from __future__ import annotations

import os
from pathlib import Path

import pytest

from tilecli import kept


def test_old_ones_of_a_kind_are_dropped(tmp_path: Path) -> None:
    for number in range(kept.KEPT + 3):
        kept.store(tmp_path / f"{number}.blob", b"x")
    kept.store(tmp_path / "other.graph", b"x", most=1)
    assert len(list(tmp_path.glob("*.blob"))) == kept.KEPT
    assert (tmp_path / "other.graph").is_file()


def test_what_was_used_last_stays(tmp_path: Path) -> None:
    for number in range(3):
        kept.store(tmp_path / f"{number}.blob", b"x")
        os.utime(tmp_path / f"{number}.blob", (number, number))
    kept.touch(tmp_path / "0.blob")
    kept.store(tmp_path / "3.blob", b"x", most=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.blob", "3.blob"]


def test_the_place_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept.cache_folder() == tmp_path / "tiles"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    folder = kept.cache_folder()
    assert folder is not None and folder.is_absolute() and folder.name in ("tiles", "Cache")
