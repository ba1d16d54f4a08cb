from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tilecli.config import TrainParams
from tilecli.data.datamodule import CropDataset
from tilecli.data.inject import Injector, Paste
from tilecli.data.photos import Held
from tilecli.data.pieces import cut_pieces
from tilecli.data.preprocess import InputContract

SIZE = 64
CONTRACT = InputContract(0, 32, (0.4,), (0.2,), 1)


def surface(level: float, height: int, width: int, *, seed: int = 0, channels: int = 1) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(1, 0.05, (height, width, channels))
    return (level * grain).clip(0, 255).astype(np.uint8)


def held(
    name: str, level: float = 80, *, box: tuple[slice, slice] | None = None, kind: str = "hole", channels: int = 1
) -> Held:
    """A photo of 100×120 px; `box` is half as bright as the surface, its defect."""
    photo, mask = surface(level, 100, 120, seed=len(name), channels=channels), np.zeros((100, 120), np.uint8)
    if box:
        photo[box] //= 2
        mask[box] = 1
    return Held(name, name, kind if box else "good", photo, mask, mask)


HOLE = held("hole", box=(slice(40, 50), slice(60, 68)))
CHIP = held("chip", box=(slice(0, 9), slice(30, 50)), kind="chip")
GOOD = held("good", 160)


def inject(photos: list[Held], seed: int = 0, *, blend: str = "alpha") -> tuple[Paste, np.ndarray, np.ndarray]:
    """Paste something into the last of the photos."""
    injector = Injector(photos, size=SIZE, balance=1.0, blend=blend)
    paste = injector.draw(len(photos) - 1, np.random.default_rng(seed))
    assert paste is not None
    window = (slice(paste.crop.y, paste.crop.y + SIZE), slice(paste.crop.x, paste.crop.x + SIZE))
    photo, mask = injector.paste(paste, photos[-1].photo[window], photos[-1].mask[window])
    return paste, photo, mask


@pytest.mark.parametrize("blend", ["alpha", "poisson"])
@pytest.mark.parametrize("seed", range(8))
def test_a_defect_comes_with_its_mask_at_the_new_surfaces_brightness(seed: int, blend: str) -> None:
    _, photo, mask = inject([HOLE, GOOD], seed, blend=blend)
    assert 20 <= mask.sum() <= 1.7 * HOLE.mask.sum()
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0
    beside = cv2.dilate(mask, np.ones((15, 15), np.uint8)) == 0
    # Half as bright as the surface it came from, so half as bright as the brighter one it went to.
    # By its gradients only about: its rim, which is noisy, sets the level.
    near = 0.12 if blend == "alpha" else 0.2
    assert photo[inner].mean() / photo[beside].mean() == pytest.approx(0.5, abs=near)
    assert photo[beside].mean() == pytest.approx(160, rel=0.02)


@pytest.mark.parametrize("seed", range(8))
def test_what_lies_away_from_the_defect_is_left_as_it_was(seed: int) -> None:
    paste, photo, mask = inject([HOLE, GOOD], seed)
    before = GOOD.photo[paste.crop.y : paste.crop.y + SIZE, paste.crop.x : paste.crop.x + SIZE]
    away = cv2.dilate(mask, np.ones((17, 17), np.uint8)) == 0
    np.testing.assert_array_equal(photo[away], before[away])
    assert not GOOD.mask.any()


@pytest.mark.parametrize("seed", range(12))
def test_a_chip_of_the_edge_goes_to_an_edge(seed: int) -> None:
    paste, _, mask = inject([CHIP, GOOD], seed)
    on_top = mask[0].any() and paste.crop.y == 0
    on_bottom = mask[-1].any() and paste.crop.y + SIZE == 100
    assert on_top or on_bottom


@pytest.mark.parametrize("room", [84, 110, 300])
def test_a_band_from_edge_to_edge_reaches_both_edges_or_stays_out(room: int) -> None:
    band = held("band", box=(slice(30, 40), slice(0, 120)), kind="band")
    target = Held("t", "t", "good", surface(120, 100, room), *(np.zeros((100, room), np.uint8),) * 2)
    injector = Injector([band, target], size=SIZE, balance=1.0, blend="alpha")
    found = [injector.draw(1, np.random.default_rng(seed)) for seed in range(10)]
    if room > 1.4 * 120:
        assert found == [None] * 10
    for paste in filter(None, found):
        ends = sorted((paste.matrix @ [x, 0, 1])[0] for x in (0, 119))
        assert ends[0] < 1
        assert ends[1] > room - 2


def test_nothing_is_pasted_on_the_dark_beside_a_part() -> None:
    photo = surface(150, 100, 120)
    photo[:, :40] = 3
    target = Held("half", "half", "good", photo, *(np.zeros((100, 120), np.uint8),) * 2)
    injector = Injector([HOLE, target], size=SIZE, balance=1.0, blend="alpha")
    for seed in range(30):
        paste = injector.draw(1, np.random.default_rng(seed))
        if paste is not None:
            h, w = paste.piece.mask.shape
            assert (paste.matrix @ [w / 2, h / 2, 1])[0] > 36


def test_types_are_drawn_equally_often_where_balance_says_so() -> None:
    many = [held(f"hole{n}", box=(slice(40, 50), slice(60, 68))) for n in range(9)]
    for balance, share in ((1.0, 0.5), (0.0, 0.9)):
        injector = Injector([*many, CHIP, GOOD], size=SIZE, balance=balance, blend="alpha")
        drawn = [injector.draw(10, np.random.default_rng([3, seed])) for seed in range(400)]
        holes = [not paste.piece.top for paste in drawn if paste is not None]
        assert np.mean(holes) == pytest.approx(share, abs=0.07)


def test_slips_of_the_pen_and_all_but_whole_photos_are_no_pieces() -> None:
    assert len(cut_pieces(HOLE)) == 1
    slip = held("slip", box=(slice(40, 42), slice(60, 63)))
    vast = held("vast", box=(slice(0, 60), slice(0, 120)))
    assert cut_pieces(slip) == cut_pieces(vast) == cut_pieces(GOOD) == []


def test_the_padding_repeats_the_last_row_of_what_was_pasted() -> None:
    low = Held("low", "low", "good", surface(120, 50, 120), *(np.zeros((50, 120), np.uint8),) * 2)
    params = TrainParams(crop_size=SIZE, batch_size=16, good_crops=1.0, augment="none", inject=1.0)
    batch = CropDataset([CHIP, low], params, CONTRACT)[0, 0]
    assert batch.mask[:, 49].any()
    for row in range(50, SIZE):
        assert torch.equal(batch.image[:, :, row], batch.image[:, :, 49])
        assert torch.equal(batch.mask[:, row], batch.mask[:, 49])


def test_colour_photos_get_colour_defects() -> None:
    hole = held("hole", box=(slice(40, 50), slice(60, 68)), channels=3)
    good = held("good", 160, channels=3)
    for blend in ("alpha", "poisson"):
        _, photo, mask = inject([hole, good], 1, blend=blend)
        assert photo.shape == (SIZE, SIZE, 3)
        assert photo[mask > 0].mean() < 120


def test_the_share_of_good_crops_that_get_a_defect_is_kept_and_others_get_none() -> None:
    params = TrainParams(crop_size=SIZE, batch_size=50, good_crops=0.8, defect_crops=1.0, augment="none", inject=0.5)
    photos = [HOLE, CHIP, GOOD]
    dataset = CropDataset(photos, params, CONTRACT)
    with_defect = np.mean([dataset[0, step].mask.flatten(1).any(dim=1).float().mean() for step in range(10)])
    assert with_defect == pytest.approx(0.2 + 0.8 * 0.5, abs=0.05)


def test_a_batch_with_injected_defects_follows_from_seed_epoch_and_step() -> None:
    params = TrainParams(crop_size=SIZE, batch_size=12, good_crops=0.7, inject=0.6, seed=4)
    one, other = (CropDataset([HOLE, CHIP, GOOD], params, CONTRACT) for _ in range(2))
    one[0, 0], one[2, 1]
    assert torch.equal(one[1, 3].image, other[1, 3].image)
    assert torch.equal(one[1, 3].mask, other[1, 3].mask)
    assert not torch.equal(one[1, 3].image, one[1, 4].image)


def test_without_defects_to_paste_good_crops_stay_good() -> None:
    params = TrainParams(crop_size=SIZE, batch_size=4, inject=1.0)
    assert not CropDataset([GOOD], params, CONTRACT)[0, 0].mask.any()


def test_a_defect_is_pasted_with_the_number_of_its_class() -> None:
    numbered = Held(HOLE.name, HOLE.tile, HOLE.defect, HOLE.photo, HOLE.mask * 4, HOLE.mask * 4)
    (piece,) = cut_pieces(numbered)
    assert piece.kind == 4
    _, _, mask = inject([numbered, GOOD])
    assert set(np.unique(mask)) == {0, 4}
    plain = inject([HOLE, GOOD])[2]
    assert np.array_equal(plain * 4, mask)
