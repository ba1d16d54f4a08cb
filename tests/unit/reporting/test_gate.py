"""What lets a run pass, and what stops it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.experiment_repo import perfect
from tilecli.errors import UsageError
from tilecli.evaluation import metrics, paired
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.store import Record
from tilecli.reporting.comparison import Compared
from tilecli.reporting.gate import Demands, Gate, decide, parse_floors

RUN, BASE = (Record(name, rev * 40, "", 0.0) for name, rev in (("new", "a"), ("main", "b")))


def answer(share: float, seed: int = 0) -> list[Row]:
    """A model that finds about `share` of each defect."""
    draw = random.Random(seed)
    return [replace(row, intersection_px=round(row.true_px * min(1.0, draw.gauss(share, 0.03)))) for row in perfect()]


def gate(rows: Sequence[Row], base: Sequence[Row] | None, **demands: object) -> Gate:
    compared = Compared(None, "compared with nothing")
    if base is not None:
        compared = Compared(paired.compare(rows, base, resamples=500), "on all photos")
    return decide(RUN, rows, None if base is None else BASE, compared, Demands(**demands))  # type: ignore[arg-type]


def words(found: Gate) -> dict[str, str]:
    return {check.about: check.words for check in found.checks}


def test_a_better_run_passes() -> None:
    found = gate(answer(0.9), answer(0.7, 1))
    assert (found.passed, found.verdict) == (True, paired.BETTER)
    assert words(found)["regression"].startswith("better than main: dice_mean +0.1")


def test_a_worse_run_is_stopped_however_high_its_figure() -> None:
    found = gate(answer(0.7), answer(0.9, 1), least=0.5)
    assert (found.passed, found.verdict) == (False, paired.WORSE)
    assert [check.passed for check in found.checks] == [True, False]
    assert "worse than main: dice_mean −0.2" in words(found)["regression"]


def test_an_evident_worsening_may_be_allowed_up_to_a_limit() -> None:
    small = gate(answer(0.87), answer(0.9, 1), max_regression=0.1)
    assert (small.passed, small.verdict) == (True, paired.WORSE)
    assert "by less than 0.1" in words(small)["regression"]
    assert not gate(answer(0.7), answer(0.9, 1), max_regression=0.1).passed


def test_what_chance_explains_stops_nobody() -> None:
    found = gate(answer(0.899), answer(0.9, 1))
    assert found.compared.comparison is not None
    assert found.compared.comparison.figures["dice_mean"].difference != 0
    assert (found.passed, found.verdict) == (True, paired.NO_EVIDENCE)
    assert "no evidence that it is worse" in words(found)["regression"]


def test_without_a_base_its_own_demands_decide_unless_one_is_needed() -> None:
    assert gate(answer(0.9), None, least=0.8).passed
    assert not gate(answer(0.7), None, least=0.8).passed
    assert not gate(answer(0.9), None, need_base=True).passed


def test_lower_is_better_turns_the_limit_round() -> None:
    rows = [replace(row, verdict="defect") for row in answer(0.9)]
    assert metrics.figures(rows)["false_alarm_rate"] == 1
    found = gate(rows, answer(0.9), metric="false_alarm_rate", least=0.1)
    assert [check.passed for check in found.checks] == [False, False]
    assert "at most 0.1" in words(found)["false_alarm_rate"]


def test_floors_of_types() -> None:
    rows = [replace(row, intersection_px=0) if row.defect == "crack" else row for row in answer(0.9)]
    found = gate(rows, None, floors={"crack": 0.5, "blowhole": 0.5})
    assert [check.passed for check in found.checks] == [True, False, True]
    assert words(found)["floor of crack"] == (
        "the Dice of crack is 0.000 on 20 photos of 10 tiles, at least 0.5 was asked for"
    )
    with pytest.raises(UsageError, match="no test photo is of type 'crak'") as caught:
        gate(rows, None, floors={"crak": 0.5})
    assert "crack" in str(caught.value.hint)


def test_ceiling_of_false_alarms() -> None:
    rows = answer(0.9)
    first = next(number for number, row in enumerate(rows) if row.is_good)
    rows[first] = replace(rows[first], verdict="defect")
    assert gate(rows, None, max_false_alarms=0.05).passed
    found = gate(rows, None, max_false_alarms=0.04)
    assert not found.passed
    assert words(found)["false alarms"].startswith("1 of 20 good photos are called defective (5.0 %)")
    bad = [row for row in rows if not row.is_good]
    assert "no good test photo" in words(gate(bad, None, max_false_alarms=1.0))["false alarms"]


def test_a_figure_that_nobody_has_is_named() -> None:
    with pytest.raises(UsageError, match="no figure of single photos is called 'dice_men'") as caught:
        gate(answer(0.9), None, metric="dice_men")
    assert "dice_mean" in str(caught.value.hint)


def test_json_says_the_same() -> None:
    said = gate(answer(0.7), answer(0.9, 1), least=0.8).as_dict()
    assert (said["passed"], said["verdict"], said["base"]) == (False, "worse", {"name": "main", "rev": "b" * 40})
    assert said["difference"]["difference"] < 0
    assert [check["about"] for check in said["checks"]] == ["dice_mean", "regression"]


@pytest.mark.parametrize("text", ["crack", "crack=", "=0.5", "crack=two", "crack=1.5", "crack=nan"])
def test_what_is_no_floor(text: str) -> None:
    with pytest.raises(UsageError, match="is no floor"):
        parse_floors([text])


def test_floors_are_read() -> None:
    assert parse_floors(["crack=0.6", "fray = 0"]) == {"crack": 0.6, "fray": 0.0}
