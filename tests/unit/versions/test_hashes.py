"""MD5s of a folder: right after every kind of change, and without reading again what has not changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from tilecli import files
from tilecli.layout import Project
from tilecli.versions import hashes

OLD_NS = time.time_ns() - 10**10


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "data" / "dataset" / "images").mkdir(parents=True)
    for name in ("a", "b"):
        path = tmp_path / "data" / "dataset" / "images" / name
        path.write_bytes(name.encode() * 100)
        os.utime(path, ns=(OLD_NS, OLD_NS))
    return Project(tmp_path)


def truth(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def found(project: Project) -> dict[str, str]:
    return {path: file.md5 for path, file in hashes.hash_folder(project, project.dataset).items()}


def test_every_change_is_seen(project: Project) -> None:
    folder = project.dataset / "images"
    assert found(project) == truth(project.dataset)
    (folder / "c").write_bytes(b"new")
    assert found(project) == truth(project.dataset)
    (folder / "a").unlink()
    assert found(project) == truth(project.dataset)
    (folder / "b").write_bytes(b"x" * 100)  # as long as before
    assert found(project) == truth(project.dataset)
    other = folder / "other"
    other.write_bytes(b"y" * 100)
    os.utime(other, ns=((folder / "b").stat().st_mtime_ns,) * 2)
    other.replace(folder / "b")  # as long and as old, but another file
    assert found(project) == truth(project.dataset)


def test_what_has_not_changed_is_not_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(project)
    read: list[Path] = []
    really = files.md5
    monkeypatch.setattr(files, "md5", lambda path: read.append(path) or really(path))
    assert found(project) == first
    assert read == []
    (project.dataset / "images" / "b").write_bytes(b"other")
    found(project)
    assert [path.name for path in read] == ["b"]


def test_a_file_that_has_just_changed_is_looked_at_again(project: Project) -> None:
    path = project.dataset / "images" / "a"
    for content in (b"1" * 50, b"2" * 50, b"3" * 50):  # faster than some clocks tick
        path.write_bytes(content)
        assert found(project) == truth(project.dataset)


def test_damaged_notes_and_a_missing_folder_do_no_harm(project: Project) -> None:
    found(project)
    for kept in (project.scratch / "hashes").iterdir():
        kept.write_text("{half")
    assert found(project) == truth(project.dataset)
    assert hashes.hash_folder(project, project.root / "nowhere") == {}
