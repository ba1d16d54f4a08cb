"""`tiles fetch` on a folder that changes, goes away and comes back."""

from pathlib import Path

import pytest

from tests.conftest import Tiles
from tilecli.data.sample import write_sample


@pytest.fixture
def project(tiles: Tiles, tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    write_sample(photos, tiles=6, seed=3)
    tiles("init", "project", "--source", photos, cwd=tmp_path)
    return tmp_path / "project"


def test_a_changed_folder_is_fetched_again_and_an_unchanged_one_is_not(tiles: Tiles, project: Path):
    def fetch() -> str:
        return tiles("fetch", cwd=project).stderr

    assert "fetch …" in fetch()
    assert "fetch …" not in fetch()
    photos = project.parent / "photos"
    mask = next(photos.rglob("*.png"))
    mask.unlink()
    mask.with_suffix(".jpg").unlink()
    before = len((project / "data" / "dataset" / "index.csv").read_text().splitlines())
    assert "fetch …" in fetch()
    assert len((project / "data" / "dataset" / "index.csv").read_text().splitlines()) == before - 1
    # Whoever has the dataset does not need what it was made of.
    photos.rename(photos.with_name("away"))
    assert "fetch …" not in fetch()
    photos.with_name("away").rename(photos)
    assert "fetch …" not in fetch()
