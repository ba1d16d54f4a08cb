"""Photos that the dataset has already, and their prints."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.photosets import noise, put
from tilecli.data.catalog import Photo
from tilecli.data.hashing import take_prints
from tilecli.files import md5 as md5_of
from tilecli.layout import Project
from tilecli.versions import known, prints


def photo(name: str, height: int = 32, width: int = 40) -> Photo:
    return Photo(name, f"images/{name}.png", "", "good", "base", "", width, height)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    for number, name in enumerate("abc"):
        put(project.dataset / "images" / f"{name}.png", noise(number))
    return project


def test_the_same_file_pixels_and_spot_are_told_apart(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "file.png").write_bytes((project.dataset / "images" / "a.png").read_bytes())
    put(folder / "images" / "pixels.png", noise(1), cv2.IMWRITE_PNG_COMPRESSION, 0)
    put(folder / "images" / "brighter.png", np.clip(noise(2).astype(int) + 40, 0, 255).astype(np.uint8))
    put(folder / "images" / "own.png", noise(8))
    put(folder / "images" / "own_again.png", noise(8), cv2.IMWRITE_PNG_COMPRESSION, 0)
    names = ("file", "pixels", "brighter", "own", "own_again")
    found = known.find(project, folder, [photo(name) for name in names], [photo(name) for name in "abc"])
    assert {(pair.photo, pair.known, pair.why, pair.inside) for pair in found.pairs} == {
        ("file", "a", "the same file", False),
        ("pixels", "b", "the same pixels", False),
        ("own_again", "own", "the same pixels", True),
    }
    near = {pair.photo: (pair.known, pair.bits) for pair in found.near}
    assert near["brighter"] == ("c", 0)
    assert "own" not in near


def test_an_inverted_photo_or_one_pixel_make_another_photo(project: Project, tmp_path: Path) -> None:
    other = noise(0)
    other[5, 5] += 1
    put(tmp_path / "new" / "images" / "pixel.png", other)
    found = known.find(project, tmp_path / "new", [photo("pixel")], [photo(name) for name in "abc"])
    assert found.pairs == []
    assert [(pair.photo, pair.known) for pair in found.near] == [("pixel", "a")]


def test_prints_are_those_of_the_files_and_taken_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted((project.dataset / "images").iterdir())
    asked = {path: md5_of(path) for path in paths}
    truth = take_prints(paths)
    taken: list[Path] = []
    really = prints.take_prints
    monkeypatch.setattr(prints, "take_prints", lambda given: taken.extend(given) or really(given))
    for _ in range(2):
        found = prints.prints_of(project, asked)
        assert np.array_equal(found.hashes, truth.hashes)
        assert found.contents == truth.contents
    assert taken == paths
    put(paths[1], noise(99))
    found = prints.prints_of(project, {path: md5_of(path) for path in paths})
    assert np.array_equal(found.hashes, take_prints(paths).hashes)
    assert taken == [*paths, paths[1]]
    (project.scratch / "prints.npz").write_bytes(b"damaged")
    assert prints.prints_of(project, asked | {paths[1]: md5_of(paths[1])}).contents == found.contents
