"""Photos of one spot are found by hash, by burst number, and through one another."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tilecli.data import tiles
from tilecli.data.catalog import Photo
from tilecli.data.hashing import WORDS, Words


def photo(name: str, defect: str = "good") -> Photo:
    return Photo(name, f"images/{name}.png", "", defect, "test", "", 170, 120)


def hashes(*set_bits: int) -> Words:
    """Hashes of which the first n bits are set, so that two differ in the difference of their n."""
    rows = np.zeros((len(set_bits), WORDS * 64), np.uint8)
    for row, count in zip(rows, set_bits, strict=True):
        row[:count] = 1
    return np.packbits(rows, axis=1).view(np.uint64)


def tile_of(words: Words, numbers: list[float], rule: tiles.Rule = tiles.TILE) -> list[int]:
    return [int(first) for first in tiles.link(words, np.array(numbers), (rule,))[0]]


NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("exp1_num_108719", 108719.0),
        ("Exp6_num_7", 7.0),
        ("good_exp2_num_40", 40.0),
        ("line-3_exp2_num_40", 40.0),
        ("exp1_num_40_b", NAN),
        ("regexp1_num_40", NAN),
        ("IMG_0040", NAN),
    ],
)
def test_burst_number_in_a_name(name: str, number: float) -> None:
    assert tiles.burst_numbers([name]).tolist() == pytest.approx([number], nan_ok=True)


@pytest.mark.parametrize(
    ("bits", "numbers", "same"),
    [
        (149, (NAN, NAN), True),
        (150, (NAN, NAN), False),
        (149, (1, 900_000), True),
        (299, (1000, 1149), True),
        (299, (1000, 1150), False),
        (300, (1000, 1001), False),
        (200, (NAN, 1000), False),
    ],
)
def test_rule_of_tiles(bits: int, numbers: tuple[float, float], same: bool) -> None:
    assert (len(set(tile_of(hashes(0, bits), list(numbers)))) == 1) is same


@pytest.mark.parametrize(
    ("bits", "numbers", "same"),
    [
        (449, (1000, 1149), True),
        (450, (1000, 1001), False),
        (299, (1000, 1599), True),
        (299, (1000, 1600), False),
        (200, (NAN, NAN), False),
    ],
)
def test_rule_of_families_is_looser(bits: int, numbers: tuple[float, float], same: bool) -> None:
    assert (len(set(tile_of(hashes(0, bits), list(numbers), tiles.FAMILY))) == 1) is same


def test_links_carry_on_through_others_in_any_order() -> None:
    # 0–100–200–300 is a chain whose ends are 300 apart; 700 is a stranger.
    for order in ([0, 100, 200, 300, 700], [300, 0, 700, 200, 100], [0, 300, 700, 100, 200]):
        found = tile_of(hashes(*order), [NAN] * 5)
        stranger = order.index(700)
        assert len({first for index, first in enumerate(found) if index != stranger}) == 1
        assert found.count(found[stranger]) == 1


def test_links_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    words = hashes(*(value for step in range(40) for value in (step % 4 * 250,)))
    whole = tile_of(words, [NAN] * 40)
    monkeypatch.setattr("tilecli.data.hashing._BLOCK", 41)  # one row at a time
    assert tile_of(words, [NAN] * 40) == whole == [step % 4 for step in range(40)]


def test_no_photos() -> None:
    assert tile_of(hashes(), []) == []


def test_id_depends_only_on_the_tile_itself() -> None:
    def ids(names: list[str], first: list[int]) -> dict[str, str]:
        return dict(zip(names, tiles.tile_ids(names, np.array(first)), strict=True))

    alone = ids(["b", "c"], [0, 0])
    among = ids(["a", "c", "d", "b"], [0, 1, 2, 1])
    assert alone["b"] == alone["c"] == among["b"] == among["c"]
    assert len(set(among.values())) == 3
    assert all(name.startswith("tile-") for name in among.values())


def test_exposures_of_a_texture_group_and_textures_do_not(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()

    def shoot(seed: int) -> npt.NDArray[np.float64]:
        noise = np.random.default_rng(seed).normal(size=(120, 170))
        smooth = cv2.GaussianBlur(noise, (0, 0), 3)
        return np.asarray(0.45 + 0.25 * smooth / np.abs(smooth).max())

    photos = []
    for spot in range(4):
        for number, gamma in enumerate((0.6, 1.0, 1.5)):
            # The defect shows under one exposure only; the tile is one all the same.
            photos.append(photo(f"spot{spot}_{number}", "crack" if number == 0 else "good"))
            cv2.imwrite(str(tmp_path / photos[-1].image), np.asarray(255 * shoot(spot) ** gamma, np.uint8))
    found = tiles.group_photos(photos, tmp_path)
    assert len({found[p.photo] for p in photos}) == 4
    for spot in range(4):
        assert len({found[f"spot{spot}_{number}"] for number in range(3)}) == 1
