"""Properties of the split: disjoint, complete, repeatable, within its shares, and still when photos are added."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets import attempt, datasets, many, photos
from tilecli.config import SplitParams
from tilecli.data.assign import assign, quota
from tilecli.data.earlier import Record
from tilecli.data.manifest import SUBSETS
from tilecli.errors import DataError

seeds = st.integers(0, 10_000)
shares = st.builds(lambda valid, test: (valid, test), st.floats(0.05, 0.4), st.floats(0.05, 0.4))


@given(datasets(), seeds, shares)
def test_families_are_disjoint_and_every_photo_is_there_once(
    records: list[Record], seed: int, share: tuple[float, float]
) -> None:
    split = attempt(records, SplitParams(seed=seed, valid=share[0], test=share[1]))
    assert [row.photo for row in split.rows] == [record.photo for record in records]
    assert not split.left_out
    family = {record.photo: record.family for record in records}
    subsets = defaultdict(set)
    for row in split.rows:
        subsets[family[row.photo]].add(row.subset)
        assert row.subset in SUBSETS
    assert all(len(found) == 1 for found in subsets.values())


@given(datasets(), seeds, st.sampled_from(["tile", "photo"]), st.randoms())
def test_same_seed_same_split_in_any_order(records: list[Record], seed: int, by: str, rng: random.Random) -> None:
    params = SplitParams(seed=seed, by=by)
    split = attempt(records, params)
    shuffled = rng.sample(records, len(records))
    again = assign(shuffled, params)
    assert sorted(again.rows, key=lambda r: r.photo) == sorted(split.rows, key=lambda r: r.photo)
    assert again.warnings == split.warnings


@given(datasets(), datasets(prefix="new"), seeds, st.sampled_from(["tile", "photo"]), st.data())
def test_photos_added_later_move_nothing(
    records: list[Record], more: list[Record], seed: int, by: str, data: st.DataObject
) -> None:
    params = SplitParams(seed=seed, by=by)
    before = attempt(records, params)
    joining = data.draw(st.sampled_from(records))
    # A photo of a known tile whose name comes first: today's id of the tile is another one.
    extra = Record("0", "another-id", joining.defect, joining.family, "0!")
    moved = [replace(r, tile="another-id") if r.tile == joining.tile else r for r in records]
    after = assign([extra, *moved, *more], params, before.rows)
    now = {row.photo: row for row in after.rows}
    assert all(now[row.photo] == row for row in before.rows)
    old = next(row for row in before.rows if row.photo == joining.photo)
    assert now["0"].tile == old.tile
    assert now["0"].subset == old.subset or by == "photo"
    assert len(after.rows) == len(records) + len(more) + 1


@given(datasets(), datasets(prefix="new"), seeds)
def test_splitting_again_changes_nothing(records: list[Record], more: list[Record], seed: int) -> None:
    params = SplitParams(seed=seed)
    first = assign([*records, *more], params, attempt(records, params).rows)
    assert assign([*records, *more], params, first.rows).rows == first.rows


@given(st.integers(3, 400), shares)
def test_shares_hold_within_rounding(units: int, share: tuple[float, float]) -> None:
    counts = quota(units, SplitParams(valid=share[0], test=share[1]))
    assert sum(counts.values()) == units
    assert min(counts.values()) >= 1
    for name, wanted in zip(("valid", "test"), share, strict=True):
        assert abs(counts[name] - units * wanted) <= 0.5 or counts[name] == 1 or units < 10


@given(st.integers(20, 60), st.integers(1, 40), seeds)
def test_shares_hold_when_tiles_are_added_a_few_at_a_time(start: int, more: int, seed: int) -> None:
    params = SplitParams(seed=seed)
    rows = assign(many(crack=start), params).rows
    for count in range(start + 1, start + more + 1):
        rows = assign(many(crack=count), params, rows).rows
    tiles = Counter(subset for _, subset in {(row.tile, row.subset) for row in rows})
    assert abs(tiles["test"] - (start + more) * params.test) <= 1.5
    assert abs(tiles["valid"] - (start + more) * params.valid) <= 1.5


def test_another_seed_is_another_split() -> None:
    records = many(crack=40, good=40)
    assert assign(records, SplitParams(seed=1)).rows != assign(records, SplitParams(seed=2)).rows


def test_stratified_by_the_rarest_type_of_a_tile() -> None:
    records = many(good=100, uneven=20)
    for tile in range(10):  # ten tiles with a crack on one photo; the others look uneven or good
        records += [
            Record(f"c{tile}-a", f"c{tile}", "crack", f"c{tile}", ""),
            Record(f"c{tile}-b", f"c{tile}", "uneven", f"c{tile}", ""),
            Record(f"c{tile}-c", f"c{tile}", "good", f"c{tile}", ""),
        ]
    rows = assign(records, SplitParams(valid=0.1, test=0.3)).rows
    cracks = Counter(row.subset for row in rows if row.defect == "crack")
    assert cracks == {"train": 6, "valid": 1, "test": 3}
    assert Counter(row.subset for row in rows if row.tile.startswith("good"))["test"] == 2 * 30


def test_by_photo_parts_tiles() -> None:
    rows = assign(many(crack=50), SplitParams(by="photo")).rows
    subsets = defaultdict(set)
    for row in rows:
        subsets[row.tile].add(row.subset)
    assert any(len(found) > 1 for found in subsets.values())
    assert Counter(row.subset for row in rows) == {"train": 65, "valid": 15, "test": 20}


def test_good_photos_can_be_left_out() -> None:
    rows = assign(many(good=20, crack=20), SplitParams(good=False)).rows
    assert {row.defect for row in rows} == {"crack"}
    assert len(rows) == 40
    with pytest.raises(DataError, match="every photo is good"):
        assign(many(good=20), SplitParams(good=False))


@pytest.mark.parametrize(
    ("count", "subsets", "warning"),
    [
        (1, {"train": 1}, "crack: only 1 separate tile; it is used for training, so crack is not measured"),
        (2, {"train": 1, "test": 1}, "crack: only 2 separate tiles; one is used for training and one for the test"),
        (3, {"train": 1, "valid": 1, "test": 1}, "crack: only 3 separate tiles; every subset gets at least one"),
        (4, {"train": 2, "valid": 1, "test": 1}, ""),
    ],
)
def test_too_few_tiles_of_a_type(count: int, subsets: dict[str, int], warning: str) -> None:
    split = assign(many(good=20, crack=count), SplitParams())
    tiles = Counter(subset for _, subset in {(row.tile, row.subset) for row in split.rows if row.defect == "crack"})
    assert tiles == subsets
    assert len(split.warnings) == (1 if warning else 0)
    assert all(text.startswith(warning) for text in split.warnings)


def test_without_a_test_share_two_tiles_go_to_train_and_valid() -> None:
    split = assign(many(good=20, crack=2), SplitParams(test=0.0))
    assert {row.subset for row in split.rows if row.defect == "crack"} == {"train", "valid"}
    assert {row.subset for row in assign(many(crack=5), SplitParams(test=0.0, valid=0.0)).rows} == {"train"}


def test_new_tiles_of_a_scarce_type_go_where_they_are_missing() -> None:
    params = SplitParams()
    rows = assign(many(good=20, crack=1), params).rows
    subset_of_new = []
    for count in (2, 3):
        rows = assign(many(good=20, crack=count), params, rows).rows
        subset_of_new.append(next(row.subset for row in rows if row.tile == f"crack{count - 1:03}"))
    assert subset_of_new == ["test", "valid"]


def test_photo_that_links_tiles_of_two_subsets_is_left_out() -> None:
    records = many(crack=30)
    params = SplitParams()
    before = assign(records, params).rows
    tile = {subset: next(row.tile for row in before if row.subset == subset) for subset in ("train", "test")}
    linked = [replace(r, tile="x", family="x") if r.tile in tile.values() else r for r in records]
    bridge = Record("bridge", "x", "crack", "x", "bridge!")
    split = assign([*linked, bridge], params, before)
    assert split.left_out == ["bridge"]
    assert split.rows == before
    assert len(split.warnings) == 1
    assert tile["train"] in split.warnings[0]
    assert tile["test"] in split.warnings[0]
    assert "left out (the first is bridge)" in split.warnings[0]
    # Nor does it come back the next time.
    assert assign([*linked, bridge], params, split.rows).left_out == ["bridge"]


def test_photo_that_links_tiles_of_one_subset_joins_them() -> None:
    records = many(crack=30)
    before = assign(records, SplitParams()).rows
    pair = sorted({row.tile for row in before if row.subset == "test"})[:2]
    linked = [replace(r, tile="x", family="x") if r.tile in pair else r for r in records]
    split = assign([*linked, Record("bridge", "x", "crack", "x", "")], SplitParams(), before)
    assert split.rows[:-1] == before
    assert (split.rows[-1].tile, split.rows[-1].subset) == (pair[0], "test")


def test_renamed_photo_stays_and_changed_photo_is_new() -> None:
    records = many(crack=30)
    before = assign(records, SplitParams()).rows
    tested = next(row for row in before if row.subset == "test")
    renamed = [
        replace(r, photo=f"crack_{r.photo}", tile="y", family="y") if r.tile == tested.tile else r for r in records
    ]
    now = {row.photo: row for row in assign(renamed, SplitParams(), before).rows}
    assert (now[f"crack_{tested.photo}"].tile, now[f"crack_{tested.photo}"].subset) == (tested.tile, "test")
    # Every file's content changed, as when the sample is made with another seed: nothing of the old split is kept.
    changed = [replace(r, content=f"{r.content}2") for r in records]
    old = assign(records, SplitParams(seed=9)).rows
    assert assign(records, SplitParams(), old).rows == old
    assert assign(changed, SplitParams(), old).rows == assign(changed, SplitParams()).rows


def test_returning_photo_does_not_take_a_given_tile_id() -> None:
    records = many(crack=30)
    before = assign(records, SplitParams()).rows
    # crack000 lost its first photo, which comes back alone: it was not in the last split and links to nothing.
    back = [replace(r, family="alone", content="new") if r.photo == "crack000-0" else r for r in records]
    back = [replace(r, tile="tile-of-the-rest", family="rest") if r.photo == "crack000-1" else r for r in back]
    rows = {r.photo: r for r in assign(back, SplitParams(), [r for r in before if r.photo != "crack000-0"]).rows}
    assert rows["crack000-1"].tile == "crack000"
    assert rows["crack000-0"].tile == "crack000-2"


def test_different_parts_in_one_pose_are_pointed_out() -> None:
    split = assign(many(good=20, crack=20) + photos("bottle", "good", 60), SplitParams())
    assert "60 of 140 photos look like one tile" in split.warnings[0]
    assert "--by photo" in split.warnings[0]


@pytest.mark.parametrize(
    ("records", "message", "hint"),
    [
        ([], "no photos", "tiles fetch"),
        (photos("t", "good", 9), "none is left for valid and test", "tiles split --by photo"),
        (many(good=2), "2 separate tiles, which is too few: none is left for valid", "--by photo"),
        (photos("t", "good", 1), "1 photos make 1 separate tile", "add photos of other parts"),
    ],
)
def test_nothing_left_for_a_subset(records: list[Record], message: str, hint: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        assign(records, SplitParams())
    assert hint in (caught.value.hint or "")


def test_no_training_tile_left_of_an_earlier_split() -> None:
    records = many(crack=20)
    before = [row for row in assign(records, SplitParams()).rows if row.subset == "test"]
    with pytest.raises(DataError, match="none is left for train") as caught:
        assign([r for r in records if r.photo in {row.photo for row in before}], SplitParams(), before)
    assert "from scratch" in (caught.value.hint or "")
