"""A dataset leaves in each format and comes back: names, types, photos and masks, pixel for pixel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.photo_folder import HEIGHT, WIDTH, Dataset, disc, surface
from tilecli.config import DataParams
from tilecli.data import sources
from tilecli.data.catalog import Photo, read_index, read_mask
from tilecli.data.fetch import fetch_dataset
from tilecli.data.formats.export import FORMATS, export_dataset
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.errors import DataError, UsageError
from tilecli.layout import Project

ALL = ["ring", "rings", "a b.c", "line", "empty", "Ä", "plain", "doubtful"]


@pytest.fixture
def made(tmp_path: Path) -> Project:
    made = Dataset(tmp_path / "made")
    ring = disc(60, 60, 30) - disc(60, 60, 12)
    line = np.zeros((HEIGHT, WIDTH), np.uint8)
    line[5, 10:100] = line[0, 0] = 1
    marks = [(ring, "wear"), (ring | disc(140, 30, 4), "wear"), (disc(0, 0, 9), "big_dent"), (line, "crack-1")]
    marks += [(np.zeros_like(line), "crack-1"), (disc(80, 50, 1), "train"), (None, "good"), (disc(20, 90, 5), "good")]
    for number, (name, (mask, kind)) in enumerate(zip(ALL, marks, strict=True)):
        made.add(name, surface(number), mask, kind)
    project = made.write()
    subsets = ["train", "train", "valid", "test", "train", "test", "train", "train"]
    rows = [Assigned(name, "t", "x", subset, "") for name, subset in zip(ALL, subsets, strict=True)]
    write_manifest(project.split, rows)
    return project


def back(folder: Path, home: Path) -> dict[str, tuple[Photo, bytes, np.ndarray]]:
    project = Project(home)
    fetch_dataset(project, DataParams(sources=(str(folder),)))
    return {
        photo.photo: (photo, (project.dataset / photo.image).read_bytes(), read_mask(project.dataset, photo))
        for photo in read_index(project.index)
    }


@pytest.mark.parametrize("split", [True, False], ids=["with a split", "without"])
@pytest.mark.parametrize("to", FORMATS)
def test_everything_comes_back(made: Project, tmp_path: Path, to: str, split: bool) -> None:
    if not split:
        made.split.unlink()
    done = export_dataset(made, tmp_path / "out", to)
    found = back(tmp_path / "out", tmp_path / "home")
    assert sorted(found) == sorted(ALL)
    for photo in read_index(made.index):
        again, data, mask = found[photo.photo]
        assert data == (made.dataset / photo.image).read_bytes()
        assert np.array_equal(mask, read_mask(made.dataset, photo)), photo.photo
        assert again.defect == ("good" if photo.photo in done.typeless else photo.defect), photo.photo
    assert done.typeless == (["empty"] if to == "yolo-seg" else [])


def test_packed_and_with_chosen_subsets(made: Project, tmp_path: Path) -> None:
    done = export_dataset(made, tmp_path / "out", "coco", ["valid", "test"])
    assert done.photos == {"valid": 1, "test": 2}
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "out")
    assert sorted(back(tmp_path / "packed.zip", tmp_path / "home")) == ["a b.c", "line", "Ä"]
    assert sources.preview(str(tmp_path / "packed.zip"), tmp_path, DataParams()) is None


@pytest.mark.parametrize(
    ("to", "subsets", "error"),
    [("coca", [], UsageError), ("coco", ["validation"], UsageError), ("voc", ["valid"], DataError)],
)
def test_what_is_refused(made: Project, tmp_path: Path, to: str, subsets: list[str], error: type[Exception]) -> None:
    made.split.unlink()
    with pytest.raises(error):
        export_dataset(made, tmp_path / "out", to, subsets)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(made: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="empty"):
        export_dataset(made, made.root, "coco")
    assert made.index.is_file()


def test_coco_of_others(tmp_path: Path) -> None:
    for folder in ("train", "valid"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "1.png"), surface(1))
    square = [10, 20, 30, 20, 30, 40, 10, 40]
    common = {"categories": [{"id": 7, "name": "Surface Scratch"}, {"id": 9, "name": "pit"}]}
    image = {"id": 1, "file_name": "1.png", "width": WIDTH, "height": HEIGHT}
    objects = [
        {"image_id": 1, "category_id": 7, "segmentation": [square, [50, 50, 60, 50, 60, 60]]},
        {"image_id": 1, "category_id": 9, "segmentation": [[100, 100, 103, 100, 103, 103]]},
    ]
    for folder, marked in (("train", objects), ("valid", [])):
        text = json.dumps(common | {"images": [image], "annotations": marked})
        (tmp_path / folder / "_annotations.coco.json").write_text(text)
    found = back(tmp_path, tmp_path.parent / f"{tmp_path.name}-home")
    assert {name: photo.defect for name, (photo, _, _) in found.items()} == {
        "surface_scratch_1": "surface_scratch",
        "good_1": "good",
    }
    mask = found["surface_scratch_1"][2]
    assert mask[20:41, 10:31].all()
    assert mask[100:104, 100:104].any()
    assert mask[:20].sum() == 0


def test_yolo_of_others(tmp_path: Path) -> None:
    (tmp_path / "train" / "images").mkdir(parents=True)
    (tmp_path / "train" / "labels").mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "train" / "images" / f"{name}.jpg"), surface(1))
    label = tmp_path / "train" / "labels" / "a.txt"
    label.write_text("1 0.1 0.1 0.5 0.1 0.5 1.0 0.1 1.0\n\n")
    (tmp_path / "data.yaml").write_text("names: [pit, Long Scratch]\nnc: 2\n")
    home = tmp_path.parent / f"{tmp_path.name}-home"
    found = back(tmp_path, home)
    assert {name: photo.defect for name, (photo, _, _) in found.items()} == {"a": "long_scratch", "b": "good"}
    assert found["a"][2][12:, 17:86].all()
    assert not found["a"][2][:, 86:].any()
    label.write_text("0 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DataError, match="a box, which is no mask"):
        back(tmp_path, home)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"categories": []}, "missing or unknown"),
        ({"images": [{"id": 1, "file_name": "gone.png"}]}, "not there"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": {"size": [1, 1], "counts": [1]}}]}, "size"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[1, 2, 3]]}]}, "segmentation"),
    ],
)
def test_broken_coco(tmp_path: Path, change: dict[str, object], match: str) -> None:
    (tmp_path / "src").mkdir()
    cv2.imwrite(str(tmp_path / "src" / "1.png"), surface(1))
    value: dict[str, object] = {
        "images": [{"id": 1, "file_name": "1.png"}],
        "categories": [{"id": 1, "name": "pit"}],
        "annotations": [{"image_id": 1, "category_id": 1, "segmentation": []}],
    }
    (tmp_path / "src" / "a.json").write_text(json.dumps(value | change))
    with pytest.raises(DataError, match=match):
        back(tmp_path / "src", tmp_path / "home")


def test_voc_says_its_types_and_colours(made: Project, tmp_path: Path) -> None:
    export_dataset(made, tmp_path / "out", "voc")
    labels = (tmp_path / "out" / "labelmap.txt").read_text().splitlines()
    assert labels[1:3] == ["background:0,0,0::", "big_dent:128,0,0::"]
    drawn = cv2.imread(str(tmp_path / "out" / "SegmentationClass" / "a b.c.png"))
    assert drawn[0, 0].tolist() == [0, 0, 128]
    assert (tmp_path / "out" / "ImageSets" / "Segmentation" / "val.txt").read_text() == "a b.c\n"
    for path in (tmp_path / "out" / "Annotations").iterdir():
        path.write_text(path.read_text().replace("<defect>", "<other>").replace("</defect>", "</other>"))
    found = back(tmp_path / "out", tmp_path / "home")
    assert found["ring"][0].defect == "wear"
    assert found["empty"][0].defect == "good"
