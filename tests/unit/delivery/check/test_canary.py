from typing import Any

import pytest

from tilecli.delivery.check.canary import Limits, judge, wilson
from tilecli.errors import DeployError


def report(mirrored: int = 400, **changed: Any) -> dict[str, Any]:
    return {
        "mirrored": mirrored,
        "dropped": 0,
        "failed": {"timeout": 0, "connect": 0},
        "same_answer_share": 1.0,
        "dice_mean": 0.95,
        "ms": {"p95": 20.0},
        "their_ms": {"p95": 30.0},
        "their_models": {"abc": mirrored},
        "last_error": None,
        **changed,
    }


def outcome(**changed: Any) -> dict[str, bool]:
    return {check.about: check.passed for check in judge(report(**changed), Limits()).checks}


@pytest.mark.parametrize(
    "share, count, low, high",
    [
        # The score interval of 81 of 263, a textbook's example (Newcombe, Stat. Med. 17, 1998, p. 861).
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0.0, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_score_intervals_that_others_have_published(share: float, count: int, low: float, high: float) -> None:
    assert wilson(share, count) == pytest.approx((low, high), abs=5e-5)


def test_nothing_seen_says_nothing() -> None:
    assert wilson(1.0, 0) == (0.0, 1.0)


def test_all_is_well() -> None:
    judged = judge(report(), Limits())
    assert judged.promote
    assert judged.as_dict()["decision"] == "promote"


@pytest.mark.parametrize(
    "changed, stopped",
    [
        ({"mirrored": 199}, "photos"),
        ({"same_answer_share": 0.96}, "same answer"),  # 0.936 at least
        ({"dice_mean": 0.82}, "masks"),  # 0.779 at least
        ({"failed": {"timeout": 6}}, "answers"),
        ({"dropped": 6}, "answers"),
        ({"their_ms": {"p95": 41.0}}, "latency"),
        ({"their_models": {"abc": 1, "def": 2}}, "one bundle"),
    ],
)
def test_each_of_them_holds_alone(changed: dict[str, Any], stopped: str) -> None:
    assert [about for about, passed in outcome(**changed).items() if not passed] == [stopped]


def test_more_photos_show_more_of_the_same_share() -> None:
    assert not outcome(same_answer_share=0.96)["same answer"]
    assert outcome(mirrored=4000, same_answer_share=0.96)["same answer"]


def test_nothing_was_compared_yet() -> None:
    unknown = dict.fromkeys(("same_answer_share", "dice_mean", "ms", "their_ms"))
    judged = judge(report(0, their_models={}, **unknown), Limits())
    assert not judged.promote
    assert [check.about for check in judged.checks if check.passed] == ["one bundle"]


@pytest.mark.parametrize("changed", [{"failed": None}, {"mirrored": "many"}, {"ms": 7}, {"same_answer_share": "all"}])
def test_a_report_that_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match="cannot be read"):
        judge(report() | changed, Limits())
