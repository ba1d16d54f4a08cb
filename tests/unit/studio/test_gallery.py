from pathlib import Path

import pytest

from tests.unit.studio.projects import photographed
from tilecli.data.index import Photo
from tilecli.layout import Project
from tilecli.studio import gallery
from tilecli.studio.gallery import Tile


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return photographed(tmp_path / "parts").project


def names(project: Project, **query: str) -> list[str]:
    return [tile["name"] for tile in gallery.page(gallery.tiles(project), query)["tiles"]]


def test_exposures_of_a_tile_stand_together(project: Project):
    found = gallery.tiles(project)
    assert [(tile.name, tile.subset, [photo.photo for photo in tile.photos]) for tile in found] == [
        ("e", "", ["e"]), ("tile-a", "train", ["a", "b"]), ("tile-c", "valid", ["c"]), ("tile-d", "test", ["d"]),
    ]  # fmt: skip


def test_photos_are_counted_by_type_and_subset_the_good_ones_last(project: Project):
    rows = gallery.table(gallery.tiles(project))
    assert [row["type"] for row in rows] == ["blowhole", "crack", "good"]
    assert rows[1] == {"type": "crack", "photos": 2, "tiles": 1, "train": 2, "valid": 0, "test": 0, "none": 0}
    assert rows[2] == {"type": "good", "photos": 2, "tiles": 2, "train": 0, "valid": 0, "test": 1, "none": 1}


def test_tiles_are_chosen_by_type_subset_source_and_name(project: Project):
    assert names(project, type="crack") == ["tile-a"]
    assert names(project, subset="none") == ["e"]
    assert names(project, subset="test", type="crack") == []
    assert names(project, source="elsewhere") == []
    assert names(project, find="TILE-C") == names(project, find="c") == ["tile-c"]


def test_without_a_split_every_photo_stands_alone(project: Project):
    project.split.unlink()
    assert [tile.name for tile in gallery.tiles(project)] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("asked", "given"), [("2", 2), ("99", 3), ("0", 1), ("x", 1), ("", 1)])
def test_a_page_that_is_not_there_is_the_nearest(asked: str, given: int):
    photo = Photo("p", "p.png", "", "good", "line", "", 4, 4)
    many = [Tile(f"t{number:03}", "train", (photo,)) for number in range(2 * gallery.ON_A_PAGE + 1)]
    found = gallery.page(many, {"page": asked})
    assert (found["page"], found["pages"], found["of"]) == (given, 3, len(many))
    assert found["tiles"][0]["name"] == f"t{(given - 1) * gallery.ON_A_PAGE:03}"
