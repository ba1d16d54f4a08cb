from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tilecli.data.crops import Crop, CropSampler, Source, defect_places

SIZE, BATCH = 32, 10


def source(tile: str, defect: str, *, places: list[tuple[int, int]] | None = None, side: int = 100) -> Source:
    flat = np.asarray([y * side + x for y, x in places or []], np.int32)
    return Source(tile, defect, side, side, flat)


def sampler(sources: list[Source], **settings: float) -> CropSampler:
    values = {"good_share": 0.2, "defect_share": 0.75, "balance": 0.5, **settings}
    return CropSampler(sources, "good", size=SIZE, batch=BATCH, **values)


def draw(sources: list[Source], steps: int = 300, **settings: float) -> list[Crop]:
    drawing = sampler(sources, **settings)
    return [crop for step in range(steps) for crop in drawing.draw(np.random.default_rng([1, step]))]


COMMON = [source(f"a{n}", "common", places=[(50, 50)]) for n in range(9)]
RARE = [source("b", "rare", places=[(5, 95)])]
GOOD = [source(f"g{n}", "good") for n in range(5)]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.25, 1.0])
def test_good_photos_get_their_share_of_every_batch(share: float) -> None:
    crops = draw([*COMMON, *GOOD], good_share=share)
    good = sum(crop.index >= len(COMMON) for crop in crops)
    assert good / len(crops) == pytest.approx(share, abs=0.02)
    per_batch = [
        sum(crop.index >= len(COMMON) for crop in crops[at : at + BATCH]) for at in range(0, len(crops), BATCH)
    ]
    assert max(per_batch) - min(per_batch) <= 1


@pytest.mark.parametrize(("balance", "expected"), [(0.0, 0.1), (0.5, 0.3), (1.0, 0.5)])
def test_balance_goes_from_photos_to_types(balance: float, expected: float) -> None:
    crops = draw([*COMMON, *RARE], balance=balance)
    rare = sum(crop.index == len(COMMON) for crop in crops) / len(crops)
    assert rare == pytest.approx(expected, abs=0.03)


def test_six_exposures_of_a_spot_weigh_no_more_than_one() -> None:
    crops = draw([*[source("burst", "common") for _ in range(6)], source("single", "common")])
    times = Counter(crop.index == 6 for crop in crops)
    assert times[True] / len(crops) == pytest.approx(0.5, abs=0.03)


def test_defect_crops_hold_a_defect_pixel_and_not_always_at_one_place() -> None:
    crops = draw(RARE, defect_share=1.0)
    assert all(crop.y <= 5 < crop.y + SIZE and crop.x <= 95 < crop.x + SIZE for crop in crops)
    middle = draw(COMMON, defect_share=1.0)
    assert len({(crop.y, crop.x) for crop in middle}) > 100
    assert all(SIZE // 8 <= 50 - crop.y < SIZE - SIZE // 8 for crop in middle)


def test_crops_lie_within_the_photo() -> None:
    for crop in draw([*COMMON, *RARE, *GOOD]):
        assert 0 <= crop.y <= 100 - SIZE
        assert 0 <= crop.x <= 100 - SIZE
    exact = draw([source("a", "common", places=[(31, 31)], side=SIZE)])
    assert {(crop.y, crop.x) for crop in exact} == {(0, 0)}


def test_only_good_or_only_defective_photos_are_fine() -> None:
    assert {crop.index for crop in draw(GOOD)} == set(range(5))
    assert {crop.index for crop in draw(COMMON)} == set(range(9))


def test_a_defect_photo_with_an_empty_mask_is_cut_anywhere() -> None:
    assert len({(crop.y, crop.x) for crop in draw([source("a", "uneven")], defect_share=1.0)}) > 100


def test_a_batch_follows_from_the_generator() -> None:
    drawing = sampler([*COMMON, *RARE, *GOOD])
    first = drawing.draw(np.random.default_rng([0, 3, 5]))
    drawing.draw(np.random.default_rng([0, 3, 6]))
    assert drawing.draw(np.random.default_rng([0, 3, 5])) == first
    assert drawing.draw(np.random.default_rng([0, 4, 5])) != first


def test_places_of_a_huge_defect_are_sampled_all_over_it() -> None:
    mask = np.ones((300, 300), np.uint8)
    places = defect_places(mask, seed=0)
    assert len(places) == len(set(places.tolist())) == 4096
    assert places.min() < 1000
    assert places.max() > 89_000
    assert defect_places(np.zeros((4, 4), np.uint8), seed=0).size == 0
