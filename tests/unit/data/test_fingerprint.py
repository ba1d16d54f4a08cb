"""Whether the sources on this machine are what they were."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tilecli import files
from tilecli.data.fingerprint import fingerprints


@pytest.fixture
def root(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    (photos / "images").mkdir(parents=True)
    for name in "abc":
        (photos / "images" / f"{name}.png").write_bytes(name.encode() * 10)
    (tmp_path / "list.csv").write_text("image,mask,defect\nphotos/images/a.png,,good\n")
    return tmp_path


def take(root: Path, texts: Sequence[str] = ("photos",), former: dict[str, str] | None = None) -> dict[str, str]:
    return fingerprints(texts, root, former or {}, root / "cache.json")


def test_a_folder_is_the_same_until_a_file_comes_goes_or_changes(root: Path) -> None:
    first = take(root)
    assert take(root) == first
    path = root / "photos" / "images" / "a.png"
    path.write_bytes(b"x" * 10)
    changed = take(root)
    path.unlink()
    removed = take(root)
    path.with_name("z.png").write_bytes(b"a" * 10)
    assert len({*first.values(), *changed.values(), *removed.values(), *take(root).values()}) == 4


def test_times_do_not_count_and_neither_does_the_place(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = take(root)
    os.utime(root / "photos" / "images" / "a.png", (1, 1))
    assert take(root) == first
    (root / "photos" / ".DS_Store").write_bytes(b"made by a file manager")
    assert take(root) == first
    elsewhere = tmp_path_factory.mktemp("clone")
    (root / "photos").rename(elsewhere / "photos")
    assert take(elsewhere) == first


def test_a_renamed_file_counts(root: Path) -> None:
    first = take(root)
    path = root / "photos" / "images" / "a.png"
    path.rename(path.with_name("d.png"))
    assert take(root) != first


def test_a_source_that_is_not_here_has_not_changed(root: Path) -> None:
    first = take(root)
    (root / "photos").rename(root / "gone")
    assert take(root, former=first) == first
    assert take(root) == {}


def test_what_is_no_file_here_is_left_to_the_settings(root: Path) -> None:
    assert take(root, ["sample", "magnetic-tiles", "https://example.org/photos.zip"]) == {}


def test_a_csv_counts_with_the_files_it_lists(root: Path) -> None:
    first = take(root, ["list.csv"])
    (root / "photos" / "images" / "b.png").write_bytes(b"not listed")
    assert take(root, ["list.csv"]) == first
    (root / "photos" / "images" / "a.png").write_bytes(b"listed")
    second = take(root, ["list.csv"])
    (root / "list.csv").write_text("image,mask,defect\nphotos/images/a.png,,crack\n")
    assert len({*first.values(), *second.values(), *take(root, ["list.csv"]).values()}) == 3


def test_an_unchanged_file_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(root)
    read: list[str] = []
    honest = files.sha256
    monkeypatch.setattr(files, "sha256", lambda path: (read.append(path.name), honest(path))[1])
    (root / "photos" / "images" / "b.png").write_bytes(b"new")
    take(root)
    assert read == ["b.png"]


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"a": 1})])
def test_a_spoilt_cache_costs_time_only(root: Path, text: str) -> None:
    first = take(root)
    (root / "cache.json").write_text(text)
    assert take(root) == first
