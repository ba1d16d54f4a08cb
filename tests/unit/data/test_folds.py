"""Properties of folds: each photo is tested once, whichever fold is looked at, and nothing moves when photos come."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets import TYPES, attempt, datasets, many, photos
from tilecli.config import SplitParams
from tilecli.data.assign import assign
from tilecli.data.earlier import Record
from tilecli.errors import DataError

seeds, ks = st.integers(0, 10_000), st.integers(2, 6)


@given(datasets(), seeds, ks, st.sampled_from(["tile", "photo"]))
def test_each_photo_is_tested_once_by_a_fold_that_does_not_know_its_tile(
    records: list[Record], seed: int, k: int, by: str
) -> None:
    splits = [attempt(records, SplitParams(seed=seed, by=by, folds=k, fold=fold)).rows for fold in range(k)]
    assert len({tuple((row.photo, row.fold) for row in rows) for rows in splits}) == 1
    tested = [row.photo for rows in splits for row in rows if row.subset == "test"]
    assert sorted(tested) == sorted(record.photo for record in records)
    family = {record.photo: record.family if by == "tile" else record.photo for record in records}
    for fold, rows in enumerate(splits):
        assert {row.subset for row in rows} == {"train", "valid", "test"}
        assert all((row.fold == str(fold)) == (row.subset == "test") for row in rows)
        subsets = defaultdict(set)
        for row in rows:
            subsets[family[row.photo]].add(row.subset)
        assert all(len(found) == 1 for found in subsets.values())


@given(datasets(), seeds, ks, st.randoms())
def test_same_seed_same_folds_in_any_order(records: list[Record], seed: int, k: int, rng: random.Random) -> None:
    params = SplitParams(seed=seed, folds=k)
    again = attempt(rng.sample(records, len(records)), params).rows
    assert sorted(again, key=lambda r: r.photo) == sorted(assign(records, params).rows, key=lambda r: r.photo)


@given(datasets(), seeds, ks)
def test_types_are_spread_evenly(records: list[Record], seed: int, k: int) -> None:
    rows = attempt(records, SplitParams(seed=seed, folds=k)).rows
    family = {record.photo: record.family for record in records}
    kinds = defaultdict(set)
    for record in records:
        kinds[record.family].add(record.defect)
    fold = {family[row.photo]: row.fold for row in rows}
    for kind in TYPES:
        # Where a family shows two types, it is counted for the rarer one.
        pure = Counter(fold[name] for name, found in kinds.items() if found == {kind})
        mixed = sum(len(found) > 1 for found in kinds.values())
        counts = [pure[str(number)] for number in range(k)]
        assert max(counts) - min(counts) <= 1 + mixed


@given(datasets(), datasets(prefix="new"), seeds, ks, st.data())
def test_photos_added_later_move_no_fold(
    records: list[Record], more: list[Record], seed: int, k: int, data: st.DataObject
) -> None:
    fold, other = data.draw(st.integers(0, k - 1)), data.draw(st.integers(0, k - 1))
    before = attempt(records, SplitParams(seed=seed, folds=k, fold=fold)).rows
    joining = data.draw(st.sampled_from(records))
    extra = Record("0", joining.tile, joining.defect, joining.family, "0!")
    # As `split_dataset` hands an earlier split over: where another fold was the test, without its subsets.
    previous = before if other == fold else [replace(row, subset="") for row in before]
    after = assign([extra, *records, *more], SplitParams(seed=seed, folds=k, fold=other), previous)
    now = {row.photo: row for row in after.rows}
    assert {photo: now[photo].fold for photo in (row.photo for row in before)} == {r.photo: r.fold for r in before}
    assert now["0"].fold == now[joining.photo].fold
    assert len(after.rows) == len(records) + len(more) + 1
    if other == fold:
        assert all(now[row.photo] == row for row in before)
    # All folds agree on the new photos as well.
    third = assign([extra, *records, *more], SplitParams(seed=seed, folds=k), [replace(r, subset="") for r in before])
    assert [(row.photo, row.fold) for row in third.rows] == [(row.photo, row.fold) for row in after.rows]


def test_photos_are_spread_evenly_where_tiles_have_unlike_numbers() -> None:
    draw = random.Random(0)
    records = [
        r for kind in ("crack", "good") for n in range(60) for r in photos(f"{kind}{n}", kind, draw.randint(1, 6))
    ]
    counts = Counter(row.fold for row in assign(records, SplitParams(folds=5)).rows)
    assert sum(counts.values()) == len(records)
    # Random folds of 24 tiles would differ by about 20 photos.
    assert max(counts.values()) - min(counts.values()) <= 4


def test_valid_is_a_share_of_what_is_not_tested_and_another_one_for_each_fold() -> None:
    records = many(crack=50, good=100)
    chosen = []
    for fold in range(5):
        rows = assign(records, SplitParams(folds=5, fold=fold, valid=0.25)).rows
        tiles = Counter(subset for _, subset in {(row.tile, row.subset) for row in rows})
        assert tiles == {"train": 90, "valid": 30, "test": 30}
        chosen.append({row.tile for row in rows if row.subset == "valid"})
    assert len(set().union(*chosen)) > 60


def test_the_folds_depend_on_the_seed_and_not_on_the_shares() -> None:
    def folds(**settings: float) -> list[str]:
        return [row.fold for row in assign(many(crack=20, good=20), SplitParams(folds=4, **settings)).rows]

    assert folds(valid=0.1, test=0.4) == folds(valid=0.3)
    assert folds(seed=1) != folds(seed=2)


def test_without_a_valid_share_none_is_valid() -> None:
    rows = assign(many(crack=10), SplitParams(folds=2, valid=0.0)).rows
    assert {row.subset for row in rows} == {"train", "test"}


@pytest.mark.parametrize(
    ("count", "warning"),
    [
        (1, "crack: only 1 separate tile; the fold that tests it has none to train on"),
        (3, "crack: only 3 separate tiles for 5 folds; 2 of them test none"),
        (5, ""),
    ],
)
def test_too_few_tiles_of_a_type_are_pointed_out(count: int, warning: str) -> None:
    split = assign(many(good=20, crack=count), SplitParams(folds=5))
    assert split.warnings == [warning] * bool(warning)
    assert len({row.fold for row in split.rows if row.defect == "crack"}) == count


def test_too_few_tiles_for_the_folds() -> None:
    with pytest.raises(DataError, match="none is left for fold 3 and fold 4") as caught:
        assign(many(crack=3), SplitParams(folds=5))
    assert "split.folds=2" in (caught.value.hint or "")
    # Every fold says so, not only the empty one.
    with pytest.raises(DataError, match="fold 3 and fold 4"):
        assign(many(crack=3), SplitParams(folds=5, fold=2))


def test_photo_that_links_tiles_of_two_folds_is_left_out_of_all() -> None:
    records = many(crack=30)
    before = assign(records, SplitParams(folds=3)).rows
    pair = [next(row.tile for row in before if row.fold == fold) for fold in ("0", "2")]
    linked = [replace(r, tile="x", family="x") if r.tile in pair else r for r in records]
    for fold in range(3):
        previous = before if fold == 0 else [replace(row, subset="") for row in before]
        split = assign([*linked, Record("bridge", "x", "crack", "x", "b!")], SplitParams(folds=3, fold=fold), previous)
        assert split.left_out == ["bridge"]
        assert "are in fold 0 and fold 2, where they stay" in split.warnings[0]
        assert [row.fold for row in split.rows] == [row.fold for row in before]


def test_tiles_of_one_fold_that_turn_out_to_be_linked_are_in_one_subset() -> None:
    records = many(crack=30)
    before = assign(records, SplitParams(folds=3, valid=0.3)).rows
    pair = [next(row.tile for row in before if row.fold == "1" and row.subset == s) for s in ("train", "valid")]
    linked = [replace(r, tile="x", family="x") if r.tile in pair else r for r in records]
    split = assign([*linked, Record("bridge", "x", "crack", "x", "b!")], SplitParams(folds=3, valid=0.3), before)
    assert split.left_out == []
    own = [row for row in split.rows if row.tile in pair or row.photo == "bridge"]
    assert len(own) == 5
    assert len({(row.fold, row.subset) for row in own}) == 1
    assert own[0].fold == "1"


def test_a_fold_that_no_longer_exists_is_dealt_anew() -> None:
    records = many(crack=30)
    strange = [replace(row, fold="9") if row.fold == "2" else row for row in assign(records, SplitParams(folds=3)).rows]
    assert {row.fold for row in assign(records, SplitParams(folds=3), strange).rows} == {"0", "1", "2"}
