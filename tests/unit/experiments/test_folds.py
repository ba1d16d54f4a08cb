"""Which experiments belong to one cross-validation."""

from __future__ import annotations

import pytest

from tilecli.errors import ProjectError
from tilecli.experiments import folds
from tilecli.experiments.store import Record


def made(name: str, k: object = 0, fold: object = 0, created: float = 1.0, rev: str = "") -> Record:
    return Record(name, rev or f"{name}-sha", "base", created, {"split.folds": k, "split.fold": fold})


def test_a_group_is_what_shares_a_name_and_tests_other_folds() -> None:
    records = [made(f"wide-fold{n}", 3, n - 1, created=n) for n in (3, 1, 2)]
    records += [made("thin-fold2", 2, 1, created=9)]
    found = folds.groups(records)
    assert [(group.name, group.folds) for group in found] == [("thin", 2), ("wide", 3)]
    assert [record.name for record in found[1].members] == ["wide-fold1", "wide-fold2", "wide-fold3"]
    assert (found[0].missing, found[1].missing) == (["thin-fold1"], [])
    assert found[1].created == 3
    assert folds.common_params(found[1]) == {"split.folds": 3}


@pytest.mark.parametrize(
    "record",
    [
        made("wide", 3, 0),
        made("wide-fold1"),  # of a plain run that somebody called so
        made("wide-fold2", 3, 0),
        made("wide-fold0", 3, -1),
        Record("wide-fold1", "sha", "base", 1.0, {"train.epochs": 3}),  # from before there were folds
    ],
)
def test_a_name_alone_makes_no_group(record: Record) -> None:
    assert folds.groups([record]) == []


def test_the_first_fold_may_leave_out_what_is_the_default() -> None:
    records = [Record("wide-fold1", "sha", "base", 1.0, {"split.folds": 2}), made("wide-fold2", 2, 1)]
    assert folds.groups(records)[0].missing == []


def test_of_two_experiments_with_one_name_the_newest_counts() -> None:
    old, new = made("a-fold1", 2, 0, 1.0, "old"), made("a-fold1", 2, 0, 2.0, "new")
    for records in ([old, new], [new, old]):
        assert [record.rev for record in folds.groups(records)[0].members] == ["new"]


def test_group_names_may_hold_what_folds_are_called_by() -> None:
    (group,) = folds.groups([made("a-fold1-fold2", 2, 1)])
    assert group.name == "a-fold1"
    assert folds.member_names("a-fold1", 2) == ["a-fold1-fold1", "a-fold1-fold2"]


def test_an_unknown_name_gets_the_nearest_or_the_command_that_makes_one() -> None:
    with pytest.raises(ProjectError, match="no folds called 'wid'") as caught:
        folds.find([made("wide-fold1", 2, 0)], "wid")
    assert "wide" in (caught.value.hint or "")
    with pytest.raises(ProjectError) as caught:
        folds.find([], "wide")
    assert "tiles train --folds 5" in (caught.value.hint or "")
