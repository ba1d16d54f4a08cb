"""What the other exposures of a spot say of a photo, against figures counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.photo_folder import HEIGHT, WIDTH, Dataset, Uint8, disc, surface
from tilecli.audit.consensus import agreement_table, others_say
from tilecli.audit.spots import look_at_spots
from tilecli.evaluation.records import Record

MARK = disc(80, 60, 12)
HALF: Uint8 = np.where(np.arange(WIDTH) < 80, MARK, 0).astype(np.uint8)  # its left half


def said(made: Dataset, tiles: list[str] | None = None) -> dict[str, Record]:
    project = made.write()
    tiles = tiles or ["t"] * len(made.photos)
    found = look_at_spots(made.photos, tiles, project.dataset, lambda spot: list(others_say(spot)))
    return {record.photo: record for records in found for record in records}


def exposed(made: Dataset, masks: list[Uint8 | None], seed: int = 5, name: str = "p") -> None:
    for number, mask in enumerate(masks):
        kind = "good" if mask is None else "pore"
        made.add(f"{name}{number}", surface(seed, 0.8 + 0.1 * number), mask, kind)


def test_the_majority_of_the_others_is_what_a_photo_is_held_against(tmp_path: Path) -> None:
    made = Dataset(tmp_path)
    exposed(made, [MARK, MARK, HALF, None])
    found = said(made)
    whole, half = int(MARK.sum()), int(HALF.sum())
    # p0 is judged by p1 (all), p2 (half of it) and p3 (nothing): two of three mark the half.
    assert (found["p0"].true_px, found["p0"].predicted_px, found["p0"].intersection_px) == (whole, half, half)
    assert (found["p2"].true_px, found["p2"].predicted_px, found["p2"].intersection_px) == (half, whole, half)
    assert (found["p3"].true_px, found["p3"].predicted_px) == (0, whole)
    assert found["p3"].is_good


def test_masks_are_laid_over_each_other_first(tmp_path: Path) -> None:
    """Photos of the spot that are cut differently agree where their masks do."""
    made = Dataset(tmp_path)
    photo = surface(7)
    made.add("whole", photo, MARK, "pore")
    made.add("cut", np.ascontiguousarray(photo[15:, 20:]), np.ascontiguousarray(MARK[15:, 20:]), "pore")
    found = said(made)
    assert [record.dice for record in found.values()] == [1.0, 1.0]
    assert found["whole"].pixels == (HEIGHT - 15) * (WIDTH - 20)  # what only the whole photo shows does not count


def test_what_has_no_other_photo_says_nothing(tmp_path: Path) -> None:
    made = Dataset(tmp_path)
    exposed(made, [MARK])
    exposed(made, [MARK], seed=6, name="stranger")
    assert said(made) == {}
    assert agreement_table([]) == []


def test_the_table_has_each_type_and_all_with_intervals_over_tiles(tmp_path: Path) -> None:
    made = Dataset(tmp_path)
    exposed(made, [MARK, MARK])
    exposed(made, [MARK, HALF], seed=6, name="q")
    records = list(said(made, ["t", "t", "u", "u"]).values())
    pore, everything = agreement_table(records)
    assert (pore["type"], everything["type"]) == ("pore", "all")
    whole, half = int(MARK.sum()), int(HALF.sum())
    assert pore["photos"] == 4
    assert pore["tiles"] == 2
    assert pore["dice_mean"] == pytest.approx((4 * whole + 4 * half) / (4 * whole + 2 * (whole + half)))
    assert pore["dice_photo"] == pytest.approx((1 + 2 * half / (whole + half)) / 2)
    low, high = everything["dice_mean_95"]
    assert low < everything["dice_mean"] < high == pytest.approx(1.0)
