"""Which photos of a spot contradict each other, and which cannot because they do not show the place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.photo_folder import HEIGHT, Dataset, dented, disc, surface
from tilecli.audit.exposures import find_conflict
from tilecli.audit.spots import look_at_spots

CHIP = disc(85, HEIGHT - 12, 9)  # at the lower edge


@pytest.fixture
def spot(tmp_path: Path) -> Dataset:
    """Two photos of a chipped spot, and one that ends above the chip and is rightly called good."""
    made = Dataset(tmp_path)
    for number, gain in enumerate((0.8, 1.0)):
        made.add(f"chipped-{number}", dented(surface(5, gain), CHIP), CHIP, "chip")
    made.add("narrow", np.ascontiguousarray(surface(5, 1.1)[: HEIGHT - 30]))
    return made


def subjects(made: Dataset) -> list[str]:
    project = made.write()
    found = look_at_spots(made.photos, ["t"] * len(made.photos), project.dataset, find_conflict)
    return [one.subject for one in found if one]


def test_a_photo_that_does_not_show_the_defect_contradicts_nobody(spot: Dataset) -> None:
    assert subjects(spot) == []


def test_one_that_shows_it_unmarked_does(spot: Dataset) -> None:
    spot.add("unmarked", dented(surface(5, 1.2), CHIP))
    assert subjects(spot) == ["unmarked"]


def test_nor_does_the_narrow_photo_hide_it_when_it_comes_first(spot: Dataset) -> None:
    spot.add("unmarked", dented(surface(5, 1.2), CHIP))
    spot.photos.reverse()
    assert subjects(spot) == ["unmarked"]
