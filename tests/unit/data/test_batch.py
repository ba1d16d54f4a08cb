"""The form of a batch: what is recognised as one, and what fetching makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.photosets import noise, put, put_photo, spot
from tilecli.config import DataParams
from tilecli.data import batch, sources
from tilecli.data.batch import Facts
from tilecli.data.catalog import Photo, read_index, write_index
from tilecli.data.checks import BadPhotosError
from tilecli.data.fetch import fetch_dataset
from tilecli.errors import DataError
from tilecli.layout import Project

FACTS = Facts("nov", "2026-11-21T10:00:00+0000", "An Engineer", "inbox")


def make(folder: Path, photos: dict[str, tuple[str, bool]], facts: Facts = FACTS, seed: int = 50) -> Path:
    """A batch: photo → type, whether it has a mask."""
    rows = []
    for number, (name, (defect, masked)) in enumerate(photos.items()):
        put(folder / "images" / f"{name}.png", noise(seed + number))
        if masked:
            put(folder / "masks" / f"{name}.png", spot(left=20))
        mask = f"masks/{name}.png" if masked else ""
        rows.append(Photo(name, f"images/{name}.png", mask, defect, facts.name, "7", 40, 32))
    write_index(folder / "index.csv", rows)
    batch.write_facts(folder, facts)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    put_photo(tmp_path / "base", "crack", "a", noise(1), spot())
    put_photo(tmp_path / "base", "crack", "b", noise(2), spot())
    put_photo(tmp_path / "base", "good", "c", noise(3))
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project")


def fetched(project: Project, *more: str) -> dict[str, Photo]:
    fetch_dataset(project, DataParams(sources=("../base", *more)))
    return {photo.photo: photo for photo in read_index(project.index)}


def test_what_a_batch_says_of_itself_is_read_back(tmp_path: Path) -> None:
    batch.write_facts(tmp_path, FACTS)
    assert batch.read_facts(tmp_path) == FACTS
    assert "photos" not in (tmp_path / batch.FACTS).read_text()
    labelled = replace(FACTS, photos={"a": {"action": "rejected", "reason": "blurred"}})
    batch.write_facts(tmp_path, labelled)
    assert batch.read_facts(tmp_path) == labelled
    (tmp_path / "batch.json").write_text('{"name": "nov", "relabels": true, "later": 1}')
    assert batch.read_facts(tmp_path).relabels
    (tmp_path / "batch.json").write_text("[]")
    with pytest.raises(DataError, match="damaged"):
        batch.read_facts(tmp_path)


def test_its_index_gives_names_types_and_exposures(project: Project) -> None:
    folder = make(project.batches / "nov", {"x": ("Odd type", True), "y": ("good", False)})
    mask = (folder / "masks" / "x.png").read_bytes()
    rows = fetched(project, "data/batches/nov")
    assert set(rows) == {"a", "b", "c", "x", "y"}
    assert (rows["x"].defect, rows["x"].exposure, rows["x"].source) == ("Odd type", "7", "nov")
    assert rows["y"].mask == ""
    assert (project.dataset / rows["x"].mask).read_bytes() == mask
    assert (project.dataset / rows["x"].image).read_bytes() == (folder / "images" / "x.png").read_bytes()


def test_a_strangers_index_does_not_make_a_batch(tmp_path: Path) -> None:
    put_photo(tmp_path, "crack", "a", noise(1), spot())
    (tmp_path / "index.csv").write_text("file,label\na.png,crack\n")
    assert not batch.is_indexed(tmp_path)
    assert sources.lay_out(sources.locate(".", tmp_path), tmp_path / "w", DataParams()).name == "images + masks"


def test_an_index_cannot_lead_outside(tmp_path: Path) -> None:
    folder = make(tmp_path / "nov", {"x": ("crack", True)})
    text = (folder / "index.csv").read_text().replace("images/x.png", "../secret.png")
    (folder / "index.csv").write_text(text)
    with pytest.raises(DataError, match="outside"):
        batch.read_indexed(folder)


def test_labels_are_corrected_only_where_the_batch_says_so(project: Project) -> None:
    correcting = Facts("fix", "", "", "", relabels=True)
    make(project.batches / "fix", {"a": ("blowhole", True), "b": ("good", False), "new": ("crack", True)}, correcting)
    before = fetched(project)
    old = (project.dataset / before["a"].mask).read_bytes()
    rows = fetched(project, "data/batches/fix")
    assert set(rows) == {"a", "b", "c", "new"}
    assert (rows["a"].defect, rows["a"].source) == ("blowhole", "base")
    assert (project.dataset / rows["a"].mask).read_bytes() != old
    assert (rows["b"].defect, rows["b"].mask) == ("good", "")
    assert not (project.dataset / "masks" / "b.png").exists()
    assert rows["new"].source == "fix"

    make(project.batches / "fix", {"a": ("blowhole", True)}, Facts("fix", "", "", ""))
    rows = fetched(project, "data/batches/fix")
    assert rows["a"].defect == "crack"
    assert rows["blowhole_a"].defect == "blowhole"


def test_of_two_corrections_the_later_one_holds(project: Project) -> None:
    for number, defect in enumerate(("blowhole", "fray")):
        facts = Facts(f"fix{number}", "", "", "", relabels=True)
        make(project.batches / facts.name, {"a": (defect, True)}, facts)
    assert fetched(project, "data/batches/fix0", "data/batches/fix1")["a"].defect == "fray"
    assert fetched(project, "data/batches/fix1", "data/batches/fix0")["a"].defect == "blowhole"


def test_a_correction_of_another_size_is_refused(project: Project) -> None:
    folder = make(project.batches / "fix", {"a": ("crack", True)}, Facts("fix", "", "", "", relabels=True))
    put(folder / "images" / "a.png", noise(9, 48, 40))
    put(folder / "masks" / "a.png", spot(height=48))
    with pytest.raises(BadPhotosError, match="corrects the label of a"):
        fetched(project, "data/batches/fix")


def test_a_batch_lies_in_the_clone_and_other_sources_beside_the_original(tmp_path: Path) -> None:
    here, there = tmp_path / "original", tmp_path / "clone"
    for folder in (here / "data/batches/nov", there / "data/batches/nov", here / "photos"):
        folder.mkdir(parents=True)
    assert sources.locate("data/batches/nov", here, there).path == there / "data/batches/nov"
    assert sources.locate("photos", here, there).path == here / "photos"
    (here / "data/batches/gone.dvc").touch()
    with pytest.raises(DataError, match="not on this machine") as caught:
        sources.locate("data/batches/gone", here)
    assert caught.value.hint == "tiles data pull"
