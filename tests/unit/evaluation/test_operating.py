from __future__ import annotations

import json

import numpy as np
import pytest

from tilecli.errors import DataError, UsageError
from tilecli.evaluation.operating import Wanted, operating_point, parse
from tilecli.evaluation.records import Record


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("false_alarm<=0.01", Wanted("false_alarm", 0.01)),
        (" false_alarm_rate <= 1% ", Wanted("false_alarm", 0.01)),
        ("recall>=0.95", Wanted("recall", 0.95)),
        ("flagged_rate >= 100 %", Wanted("recall", 1.0)),
        ("false_alarm<=0", Wanted("false_alarm", 0.0)),
    ],
)
def test_reads_bounds(text: str, wanted: Wanted) -> None:
    assert parse(text) == wanted
    assert parse(str(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no bound"),
        ("recall", "no bound"),
        ("recall>=0.9 and false_alarm<=0.1", "no bound"),
        ("__import__('os').getcwd()>=1", "no bound"),
        ("recall>=1.2.3", "no bound"),
        ("recal>=0.9", "no rate 'recal'"),
        ("recall<=0.9", "bounded by >="),
        ("false_alarm>=0.1", "bounded by <="),
        ("false_alarm<0.1", "not <"),
        ("recall>=95", "not a share"),
    ],
)
def test_says_what_is_wrong_with_any_other_text(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse(text)
    assert "--operating-point" in str(caught.value)


def _records(record, good: list[float], bad: list[float], each: int = 1) -> list[Record]:
    rows = [record(defect="good", score=score, tile=f"g{i // each}") for i, score in enumerate(good)]
    return rows + [record(score=score, tile=f"b{i // each}") for i, score in enumerate(bad)]


def test_false_alarms_are_kept_and_recall_is_what_they_leave(record) -> None:
    rows = _records(record, [i / 100 for i in range(100)], [0.3, 0.5, 0.985, 0.995])
    point = operating_point(rows, parse("false_alarm<=0.02"), 0, 0)
    assert 0.97 < point.threshold < 0.98
    assert (point.false_alarm_rate, point.recall) == (0.02, 0.5)
    assert (point.recall_interval, point.threshold_interval) == (None, None)
    facts = json.loads(json.dumps(point.as_dict(), allow_nan=False))
    assert (facts["wanted"], facts["recall"], facts["intervals"]["recall"]) == ("false_alarm<=0.02", 0.5, None)
    none = operating_point(rows, parse("false_alarm<=0"), 0, 0)
    assert 0.99 < none.threshold < 0.995
    assert (none.false_alarm_rate, none.recall) == (0.0, 0.25)


def test_recall_is_kept_and_false_alarms_are_what_it_costs(record) -> None:
    rows = _records(record, [0.1, 0.2, 0.4, 0.6], [0.3, 0.5, 0.7, 0.9])
    assert operating_point(rows, parse("recall>=1"), 0, 0).false_alarm_rate == 0.5
    point = operating_point(rows, parse("recall>=0.75"), 0, 0)
    assert 0.4 < point.threshold < 0.5
    assert (point.recall, point.false_alarm_rate) == (0.75, 0.25)


def test_equal_scores_are_called_alike(record) -> None:
    rows = _records(record, [0.5] * 10, [0.5] * 5 + [0.9] * 5)
    point = operating_point(rows, parse("false_alarm<=0.5"), 0, 0)
    assert 0.5 < point.threshold < 0.9
    assert (point.false_alarm_rate, point.recall) == (0.0, 0.5)


def test_intervals_come_from_whole_tiles_with_the_threshold_chosen_anew(record) -> None:
    draw = np.random.default_rng(0)
    rows = _records(record, draw.uniform(0, 0.7, 120).tolist(), draw.uniform(0.4, 1, 120).tolist(), each=6)
    wanted = parse("false_alarm<=0.1")
    point = operating_point(rows, wanted, 300, 1)
    assert point.tiles == 40
    assert operating_point(rows, wanted, 300, 1) == point
    # By hand: the same draws of tiles, the plain way.
    names = sorted({row.tile for row in rows})
    thresholds, recalls, alarms = [], [], []
    for counts in np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), size=300):
        sample = [row for row in rows for _ in range(counts[names.index(row.tile)])]
        again = operating_point(sample, wanted, 0, 0)
        recalls.append(again.recall)
        thresholds.append(again.threshold)
        alarms.append(np.mean([row.score >= point.threshold for row in sample if row.is_good]))
    assert point.recall_interval == pytest.approx(np.percentile(recalls, [2.5, 97.5]))
    assert point.false_alarm_interval == pytest.approx(np.percentile(alarms, [2.5, 97.5]))
    low, high = point.threshold_interval
    assert low <= point.threshold <= high
    assert (low, high) == pytest.approx(np.percentile(thresholds, [2.5, 97.5]), abs=0.01)


def test_what_no_threshold_keeps_is_said(record) -> None:
    with pytest.raises(DataError, match="no threshold keeps false_alarm<=0"):
        operating_point(_records(record, [0.1, 1.0], [0.5, 1.0]), parse("false_alarm<=0"), 0, 0)
    with pytest.raises(DataError, match="good and defective"):
        operating_point(_records(record, [0.1], []), parse("recall>=0.9"), 0, 0)
