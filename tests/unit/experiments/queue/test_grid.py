"""What a sweep means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.errors import TilesError, UsageError
from tilecli.experiments.queue.grid import combinations, split_commas


def test_every_combination_the_last_setting_changing_fastest() -> None:
    found = combinations(["train.learning_rate=0.1,0.01", "train.batch_size=8,16"])
    assert [(f["train.learning_rate"], f["train.batch_size"]) for f in found] == [
        (0.1, 8),
        (0.1, 16),
        (0.01, 8),
        (0.01, 16),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("train.epochs=range(1,4)", [1, 2, 3]),
        ("train.epochs=range(10, 4, -3)", [10, 7]),
        ("train.ema=range(0.1,0.4,0.1)", [0.1, 0.2, 0.3]),
        ("train.learning_rate=log(1e-4,1e-2,3)", [1e-4, 1e-3, 1e-2]),
        ("train.learning_rate=log(0.02,0.02,2)", [0.02, 0.02]),
        ("train.widths=[8,16],[16,32]", [[8, 16], [16, 32]]),
        ("train.arch='unet','fpn'", ["unet", "fpn"]),
        ("train.arch=unet", ["unet"]),
        ("export.threshold=null,0.5", [None, 0.5]),
    ],
)
def test_values_of_one_setting(text: str, values: list[object]) -> None:
    key = text.partition("=")[0]
    assert [chosen[key] for chosen in combinations([text])] == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("train.epochs=range(4,1)", "empty"),
        ("train.epochs=range(1,9,0)", "step"),
        ("train.epochs=range(1)", "start"),
        ("train.epochs=range(1,b)", "numbers"),
        ("train.learning_rate=log(0,1,3)", "above 0"),
        ("train.learning_rate=log(0.1,1)", "how many"),
        ("train.learning_rate=log(0.1,1,1)", "from 2"),
        ("train.epohcs=1,2", "train.epohcs"),
        ("train.epochs", "key=value"),
        ("train.seed=range(0,100000)", "100,000 values"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, says: str) -> None:
    with pytest.raises(TilesError, match=says):
        combinations([text])


def test_too_many_combinations() -> None:
    with pytest.raises(UsageError, match="combinations"):
        combinations(["train.seed=range(0,1000)", "train.epochs=range(1,100)"])


@given(st.lists(st.text("abc123. -", min_size=1, max_size=6), min_size=1, max_size=5))
def test_commas_separate_outside_brackets_and_quotes_only(parts: list[str]) -> None:
    stripped = [part.strip() for part in parts]
    assert split_commas(",".join(parts)) == stripped
    inside = ",".join(stripped)
    assert split_commas(f"[{inside}],x") == [f"[{inside}]", "x"]
    assert split_commas(f"'{inside}'") == [f"'{inside}'"]
