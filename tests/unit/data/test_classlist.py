from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.config import DataParams, SampleParams
from tilecli.data.catalog import Photo, read_index, read_mask
from tilecli.data.checks import BadPhotosError
from tilecli.data.classlist import read_classes, read_truth, read_types, write_classes
from tilecli.data.fetch import fetch_dataset
from tilecli.errors import DataError
from tilecli.layout import Project

CLASSES = ("crack", "hole")


def put(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(cv2.imencode(path.suffix, values)[1]))
    return path


def a_photo(folder: Path, mask: np.ndarray, defect: str) -> Photo:
    put(folder / "masks" / "a.png", mask)
    return Photo("a", "images/a.png", "masks/a.png", defect, "made", "", mask.shape[1], mask.shape[0])


def test_255_is_the_photos_own_type_and_other_values_are_numbers(tmp_path: Path) -> None:
    write_classes(tmp_path / "classes.json", CLASSES)
    photo = a_photo(tmp_path, np.asarray([[0, 255, 1, 2]], np.uint8), "hole")
    assert read_types(tmp_path, photo, CLASSES).tolist() == [[0, 2, 1, 2]]
    assert read_truth(tmp_path, photo, CLASSES).tolist() == [[0, 2, 1, 2]]
    assert read_truth(tmp_path, photo, ()).tolist() == read_mask(tmp_path, photo).tolist() == [[0, 1, 1, 1]]


def test_numbers_follow_the_order_that_is_asked_for(tmp_path: Path) -> None:
    write_classes(tmp_path / "classes.json", CLASSES)
    photo = a_photo(tmp_path, np.asarray([[255, 1]], np.uint8), "hole")
    assert read_types(tmp_path, photo, ("dent", "hole", "crack")).tolist() == [[2, 3]]


def test_marks_on_a_good_photo_are_of_no_type(tmp_path: Path) -> None:
    photo = a_photo(tmp_path, np.asarray([[0, 255]], np.uint8), "good")
    assert read_types(tmp_path, photo, CLASSES).tolist() == [[0, 0]]


def test_a_type_that_nobody_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the type dent is none of crack, hole"):
        read_types(tmp_path, a_photo(tmp_path, np.asarray([[255]], np.uint8), "dent"), CLASSES)
    write_classes(tmp_path / "classes.json", CLASSES)
    with pytest.raises(DataError, match="the mask holds 7, the dataset has 2 classes"):
        read_types(tmp_path, a_photo(tmp_path, np.asarray([[7]], np.uint8), "hole"), CLASSES)


def test_lists_that_are_none_are_refused(tmp_path: Path) -> None:
    assert read_classes(tmp_path / "classes.json") == ()
    for text in ('{"crack": 1}', '["crack", 2]', "[", '["crack", "crack"]'):
        (tmp_path / "classes.json").write_text(text)
        with pytest.raises(DataError) as caught:
            read_classes(tmp_path / "classes.json")
        assert caught.value.where == str(tmp_path / "classes.json")
    with pytest.raises(DataError, match="0 types"):
        write_classes(tmp_path / "classes.json", ())


def test_only_a_typed_target_lists_classes(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    sample = SampleParams(tiles=12)
    fetch_dataset(project, DataParams(sources=("sample",), sample=sample, target="type"))
    types = sorted({photo.defect for photo in read_index(project.index)} - {"good"})
    assert len(types) > 2
    assert list(read_classes(project.classes)) == types
    fetch_dataset(project, DataParams(sources=("sample",), sample=sample))
    assert not project.classes.exists()


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """A source of two photos: one shows a hole beside a larger crack, the other names no number but has a defect."""
    folder = tmp_path / "source"
    draw = np.random.default_rng(0)
    for number in range(3):
        put(folder / "images" / f"{number}.png", draw.integers(0, 255, (20, 30), np.uint8))
    both = np.zeros((20, 30), np.uint8)
    both[2:5, 2:4], both[8:15, 10:20] = 1, 2
    put(folder / "masks" / "0.png", both)
    put(folder / "masks" / "1.png", (both == 1).astype(np.uint8))
    put(folder / "masks" / "2.png", np.zeros((20, 30), np.uint8))
    (folder / "classes.json").write_text(json.dumps(["MT_Hole", "Crack"]))
    return folder


def test_numbers_of_a_source_become_those_of_the_dataset(tmp_path: Path, numbered: Path) -> None:
    project = Project(tmp_path / "p")
    fetch_dataset(project, DataParams(sources=(str(numbered),), target="type"))
    photos = {photo.photo: photo for photo in read_index(project.index)}
    assert {name: photo.defect for name, photo in photos.items()} == {"0": "crack", "1": "hole", "2": "good"}
    classes = read_classes(project.classes)
    assert classes == ("crack", "hole")
    types = read_types(project.dataset, photos["0"], classes)
    assert types[3, 3] == 2  # the hole
    assert types[9, 12] == 1  # the crack
    assert np.count_nonzero(types) == 6 + 70
    assert read_mask(project.dataset, photos["0"]).sum() == 76


def test_to_a_binary_target_numbers_are_defects(tmp_path: Path, numbered: Path) -> None:
    project = Project(tmp_path / "p")
    photos = fetch_dataset(project, DataParams(sources=(str(numbered),)))
    assert {photo.defect for photo in photos} == {"defect", "good"}
    stored = cv2.imread(str(project.dataset / photos[0].mask), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(stored)) == {0, 255}


def test_a_number_that_its_source_does_not_name_is_a_problem(tmp_path: Path, numbered: Path) -> None:
    (numbered / "classes.json").write_text('["hole"]')
    with pytest.raises(BadPhotosError, match=r"masks/0\.png: holds 2, its source names 1 classes"):
        fetch_dataset(Project(tmp_path / "p"), DataParams(sources=(str(numbered),), target="type"))
