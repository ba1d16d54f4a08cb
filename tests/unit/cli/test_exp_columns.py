"""Which columns the comparison has, what stands in them, and which make way."""

import re

import pytest

from tilecli.cli.exp import columns
from tilecli.cli.exp.columns import Wish
from tilecli.experiments import compare
from tilecli.experiments.compare import Row
from tilecli.experiments.store import Group, History, Record


def tried(name: str, dice: float, rate: float, **more: object) -> Record:
    params = {"train.learning_rate": rate, "train.seed": 0, "train.augment": "full"}
    return Record(name, f"{name:0<40}", "base", 1.0, params, {"dice_mean": dice, "auroc": 0.9}, **more)


def rows(*records: Record) -> list[Row]:
    base = Record(
        "main", "base", "", 1.0, {"train.learning_rate": 0.1, "train.seed": 0}, {"dice_mean": 0.5, "auroc": 0.9}
    )
    return compare.rows(History(Record("workspace", "", "", 0.0), (Group(base, records),)))


ROWS = rows(
    tried("a", 0.6, 0.1, model="f" * 32, valid_dice=(0.1, 0.5), intervals={"dice_mean": (0.5, 0.7)}),
    tried("b", 0.8, 0.2, state="running"),
)


def names(found: list[columns.Column]) -> list[str]:
    return [column.name for column in found]


def cell(name: str, row: Row, wish: Wish | None = None) -> columns.Cell:
    return next(column for column in columns.columns(ROWS, wish or Wish()) if column.name == name).cell(row)


def test_only_what_tells_the_experiments_apart_has_a_column():
    found = names(columns.columns(ROWS, Wish()))
    assert found == [
        "created",
        "state",
        "dice_mean",
        "delta",
        "interval",
        "trend",
        "train.learning_rate",
        "train.augment",
        "model",
    ]
    assert "train.seed" in names(columns.columns(ROWS, Wish(everything=True)))


def test_keep_and_drop_choose_columns_by_name():
    found = names(columns.columns(ROWS, Wish(keep=re.compile("seed|auroc"), drop=re.compile("^(model|train.lear)"))))
    assert {"train.seed", "auroc"} <= set(found)
    assert not {"model", "train.learning_rate"} & set(found)


def test_the_best_value_is_marked_and_stands_beside_its_difference_and_interval():
    assert cell("dice_mean", ROWS[3]) == columns.Cell("0.800", "best")
    assert cell("dice_mean", ROWS[2]) == columns.Cell("0.600")
    assert cell("dice_mean", ROWS[2], Wish(digits=1)).text == "0.6"
    assert cell("delta", ROWS[3]).text == "+0.300"
    assert cell("interval", ROWS[2]).text == "0.50–0.70"
    assert cell("state", ROWS[3]).text == "running"
    assert cell("model", ROWS[2]).text == "fffffff"


def test_a_file_that_cannot_be_read_shows_as_a_mark_where_its_values_would_be():
    torn = Record("torn", "t" * 40, "base", 1.0, broken=("evaluation/metrics.json", "params.yaml"))
    found = rows(tried("a", 0.6, 0.2), torn)
    by_name = {column.name: column.cell(found[-1]) for column in columns.columns(found, Wish())}
    assert by_name["dice_mean"] == columns.Cell("!", "warning")
    assert by_name["train.learning_rate"] == columns.Cell("!", "warning")


def column(name: str, *, fixed: bool = False) -> columns.Column:
    return columns.Column(name, name, lambda _: columns.Cell(""), fixed=fixed)


def test_the_least_varied_columns_make_way_first_and_only_as_many_as_must():
    found = [column("same"), column("two"), column("many"), column("kept", fixed=True), column("model")]
    texts = [["xxxx"] * 3, ["aaaa", "aaaa", "bbbb"], ["aaaa", "bbbb", "cccc"], ["kkkk"] * 3, ["1234567"] * 3]
    grid = [[columns.Cell(text) for text in column] for column in texts]
    widths = [6, 6, 6, 6, 9]

    def hidden(room: int) -> list[str]:
        return names(columns.fit(found, grid, room, 2))

    assert hidden(sum(widths)) == []
    assert hidden(sum(widths) - 1) == ["model"]
    assert hidden(sum(widths) - 10) == ["same", "model"]
    assert hidden(12) == ["same", "two", "model"]
    assert hidden(0) == ["same", "two", "many", "model"]


@pytest.mark.parametrize(
    ("series", "expected"),
    [((), ""), ((0.0, 1.0), "▁█"), ((0.5,), "▅"), ((0.0, 0.0, 1.0, 1.0), "▁▁██"), ((float("nan"), 1.0), " █")],
)
def test_sparkline(series: tuple[float, ...], expected: str):
    assert columns.sparkline(series, 0.0, 1.0) == expected


def test_a_long_series_is_drawn_in_full_width():
    line = columns.sparkline([step / 99 for step in range(100)], 0.0, 1.0)
    assert line == "▁▂▃▄▅▆▇█"
    assert columns.sparkline([0.3, 0.3], 0.3, 0.3) == "▁▁"
