"""The layouts that are recognised, and what is said where none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilecli.data.layouts import Layout, Record, recognise, recognise_names
from tilecli.errors import DataError

ROOT = Path("photos")


def found(*names: str) -> Layout:
    return recognise_names(names, ROOT)


def test_type_folders_with_imgs() -> None:
    layout = found(
        "set-master/README.md",
        "set-master/MT_Crack/Imgs/exp1_num_2.jpg",
        "set-master/MT_Crack/Imgs/exp1_num_2.png",
        "set-master/MT_Free/Imgs/exp1_num_9.jpg",
        "set-master/MT_Fray/Imgs/alone.png",
    )
    assert layout.name == "<Type>/Imgs"
    assert layout.root == ROOT / "set-master"
    assert layout.records == (
        Record("MT_Crack/Imgs/exp1_num_2.jpg", "MT_Crack/Imgs/exp1_num_2.png", "crack"),
        Record("MT_Free/Imgs/exp1_num_9.jpg", None, "good"),
    )
    assert layout.lonely_masks == ("MT_Fray/Imgs/alone.png",)
    assert layout.counts() == {"crack": 1, "good": 1}


def test_images_and_masks_with_equal_stems() -> None:
    layout = found("images/a.jpg", "images/b.bmp", "masks/a.png", "masks/b_mask.png", "masks/c.png", "notes.txt")
    assert layout.name == "images + masks"
    assert layout.records == (
        Record("images/a.jpg", "masks/a.png", None),
        Record("images/b.bmp", "masks/b_mask.png", None),
    )
    assert layout.lonely_masks == ("masks/c.png",)
    assert layout.counts() == {"not labelled": 2}


def test_images_and_masks_with_type_folders_below() -> None:
    layout = found(
        "Images/Scratch/1.png",
        "Images/ok/1.png",
        "Images/train/Dent/7.png",
        "Masks/Scratch/1.png",
        "Masks/train/Dent/7.png",
    )
    assert [(record.defect, record.mask) for record in layout.records] == [
        ("scratch", "Masks/Scratch/1.png"),
        ("good", None),
        ("dent", "Masks/train/Dent/7.png"),
    ]


def test_type_folders_with_all_masks_in_one() -> None:
    layout = found("images/scratch/1.png", "images/dent/2.png", "masks/1.png", "masks/2.png")
    assert [record.mask for record in layout.records] == ["masks/2.png", "masks/1.png"]
    assert not layout.lonely_masks


def test_a_photo_that_is_called_mask_finds_its_own() -> None:
    layout = found("images/a.png", "images/a_mask.png", "masks/a.png", "masks/a_mask.png")
    assert [record.mask for record in layout.records] == ["masks/a.png", "masks/a_mask.png"]


def test_mvtec_whose_stems_repeat() -> None:
    layout = found(
        "bottle/license.txt",
        "bottle/train/good/000.png",
        "bottle/test/good/000.png",
        "bottle/test/broken_large/000.png",
        "bottle/test/contamination/000.png",
        "bottle/ground_truth/broken_large/000_mask.png",
        "bottle/ground_truth/contamination/000_mask.png",
        "bottle/ground_truth/contamination/001_mask.png",
    )
    assert layout.name == "MVTec AD"
    assert layout.records == (
        Record("test/broken_large/000.png", "ground_truth/broken_large/000_mask.png", "broken_large"),
        Record("test/contamination/000.png", "ground_truth/contamination/000_mask.png", "contamination"),
        Record("test/good/000.png", None, "good"),
        Record("train/good/000.png", None, "good"),
    )
    assert layout.lonely_masks == ("ground_truth/contamination/001_mask.png",)


def test_the_users_words_for_good() -> None:
    names = ["images/fine/1.png", "masks/x.png"]
    assert recognise_names(names, ROOT, ("Fine",)).records[0].defect == "good"
    assert recognise_names(names, ROOT).records[0].defect == "fine"


def test_nothing_known_says_what_was_looked_for_and_found() -> None:
    with pytest.raises(DataError) as caught:
        found("shots/a.jpg", "shots/b.jpg", "more/c.png", "list.txt")
    assert "found 3 photos (more: 1 .png; shots: 2 .jpg), 1 other files" in caught.value.message
    for layout in ("Imgs", "images/ and masks/", "MVTec", "CSV"):
        assert layout in str(caught.value.hint)


def test_no_photo_at_all() -> None:
    with pytest.raises(DataError, match=r"no photo .* among 2 files"):
        found("a.txt", "b.pdf")


def test_several_datasets_side_by_side_are_to_be_given_one_by_one() -> None:
    with pytest.raises(DataError, match="side by side: bottle, cable"):
        found(*(f"{kind}/{path}" for kind in ("bottle", "cable") for path in ("images/a.png", "masks/a.png")))


def test_a_folder_is_walked_once_even_where_links_go_round(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "a.jpg").write_bytes(b"")
    folder = tmp_path / "set"
    (folder / "masks").mkdir(parents=True)
    (folder / "masks" / "a.png").write_bytes(b"")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "b.jpg").write_bytes(b"")
    (folder / "images").symlink_to(real)
    (folder / "masks" / "again").symlink_to(folder)
    layout = recognise(folder)
    assert layout.records == (Record("images/a.jpg", "masks/a.png", None),)
    assert layout.root == folder
