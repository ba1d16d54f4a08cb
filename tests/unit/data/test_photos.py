from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.data.photos import Held, load_subset, statistics
from tilecli.errors import DataError
from tilecli.layout import Project


def record(name: str, height: int = 60, width: int = 90) -> Photo:
    return Photo(name, f"images/{name}.png", f"masks/{name}.png", "scratch", "made", "", width=width, height=height)


def project(tmp_path: Path, records: list[Photo], *, mask_height: int = 60) -> Project:
    made = Project(tmp_path)
    for folder in ("images", "masks"):
        (made.dataset / folder).mkdir(parents=True)
    for number, photo in enumerate(records):
        cv2.imwrite(str(made.dataset / photo.image), np.full((60, 90), 40 * number, np.uint8))
        mask = np.zeros((mask_height, 90), np.uint8)
        mask[10:30, 20:40] = 255
        cv2.imwrite(str(made.dataset / photo.mask), mask)
    write_index(made.index, records)
    subsets = ["train", "valid", "train", "test"]
    rows = [Assigned(photo.photo, f"t{n}", photo.defect, subsets[n % 4]) for n, photo in enumerate(records)]
    write_manifest(made.split, rows)
    return made


def test_a_subset_is_read_by_name_at_its_own_scale(tmp_path: Path) -> None:
    photos = load_subset(project(tmp_path, [record(name) for name in "dcba"]), "train", channels=1, short_side=0)
    assert [held.name for held in photos] == ["b", "d"]
    assert photos[0].photo.shape == (60, 90, 1)
    assert photos[0].photo.max() == 80
    assert photos[0].mask is photos[0].full_mask
    assert photos[0].mask.sum() == 400


def test_photos_are_scaled_and_the_full_mask_kept(tmp_path: Path) -> None:
    (held,) = load_subset(project(tmp_path, [record(name) for name in "abcd"]), "valid", channels=3, short_side=30)
    assert held.photo.shape == (30, 45, 3)
    assert held.mask.shape == (30, 45)
    assert held.mask.sum() == 100
    assert held.full_mask.shape == (60, 90)


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_subset(
            project(tmp_path, [record(name) for name in "abcd"], mask_height=50), "train", channels=1, short_side=0
        )
    assert caught.value.hint


def test_what_cannot_fit_into_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    made = project(tmp_path, [record("huge", 2_000_000, 2_000_000)])
    with pytest.raises(DataError, match="GB of memory") as caught:
        load_subset(made, "train", channels=1, short_side=0)
    assert "img_size" in str(caught.value)
    assert load_subset(made, "valid", channels=1, short_side=0) == []


def test_statistics_are_those_of_all_pixels_together() -> None:
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 200, (height, 20, 3)).astype(np.uint8) for height in (10, 40)]
    held = [Held("", "", "", photo, photo[:, :, 0], photo[:, :, 0]) for photo in photos]
    pixels = np.concatenate([photo.reshape(-1, 3) for photo in photos]) / 255
    mean, std = statistics(held)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(std, pixels.std(axis=0), atol=1e-6)


def test_photos_of_one_grey_keep_a_finite_scale() -> None:
    flat = np.full((8, 8, 1), 7, np.uint8)
    _, (std,) = statistics([Held("", "", "", flat, flat[:, :, 0], flat[:, :, 0])])
    assert std > 0
