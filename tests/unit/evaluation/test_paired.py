"""Whether A is better than B, against the same draws done photo by photo."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records import perfect_answer
from tilecli.errors import DataError
from tilecli.evaluation import metrics, paired
from tilecli.evaluation.records import Record

GOOD = {"defect": "good", "true_px": 0}
FIGURES = {"dice_mean", "jacc_mean", "acc_mean", "foreground_acc", "dice_photo", "dice_defects", "false_alarm_rate"}
FIGURES |= {"flagged_rate", "defect_recall", "defect_touched", "auroc"}
FIGURES |= {"miss_rate", "uncertain_good_rate", "uncertain_defect_rate"}


def photos(tiles: int = 30, each: int = 3) -> list[Record]:
    """A test set with the perfect answer: two thirds of the tiles defective, of two types."""
    draw = np.random.default_rng(5)
    made = []
    for tile in range(tiles):
        defect = ("crack", "blowhole", "good")[tile % 3]
        for shot in range(each):
            true = 0 if defect == "good" else int(draw.integers(100, 300))
            made.append(perfect_answer(f"p{tile:02}_{shot}", f"t{tile:02}", defect, true, pixels=1000))
    return made


def answer(rows: list[Record], seed: int, share: float, spread: float = 0.1) -> list[Record]:
    """What a model says that finds about `share` of each defect, with noise that depends on `seed` alone."""
    draw = np.random.default_rng(seed)
    said = []
    for row in rows:
        part = float(np.clip(share + spread * draw.standard_normal(), 0, 1))
        inter = round(row.true_px * part)
        alarm = draw.random() < (part if row.true_px else 1 - share)
        said.append(
            replace(
                row,
                intersection_px=inter,
                predicted_px=inter + int(draw.integers(0, 20)),
                score=round(float(np.clip(draw.normal(0.7 if row.true_px else 0.3, 1 - share), 0, 1)), 2),
                verdict="defect" if alarm else "good",
                found=int(row.defects and part > 0.5),
                touched=int(row.defects and inter > 0),
            )
        )
    return said


def test_is_what_resampling_the_photos_of_tiles_gives() -> None:
    """Every figure and every defect type, for the same draws done photo by photo."""
    a, b = answer(photos(12), 1, 0.8), answer(photos(12), 2, 0.7)
    found = paired.compare(a, b, resamples=60, seed=11)
    names = sorted({row.tile for row in a})
    drawn = np.random.default_rng(11).multinomial(len(names), np.full(len(names), 1 / len(names)), size=60)
    slow: dict[str, list[float]] = {}
    for counts in drawn:
        sides = []
        for rows in (a, b):
            sample = [row for row in rows for _ in range(counts[names.index(row.tile)])]
            figures = metrics.figures(sample)
            for kind, facts in metrics.per_defect(sample).items():
                figures[f"of {kind}"] = facts.get("dice")
            sides.append(figures)
        for name in sides[0].keys() & sides[1].keys():
            if sides[0][name] is not None and sides[1][name] is not None:
                slow.setdefault(name, []).append(sides[0][name] - sides[1][name])
    fast = found.figures | {f"of {kind}": figure for kind, figure in found.per_defect.items()}
    assert set(fast) == FIGURES | {"of crack", "of blowhole"}
    for name, figure in fast.items():
        low, high = np.percentile(slow[name], [2.5, 97.5])
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-9), name
        better = np.asarray(slow[name]) * (-1 if name in metrics.LOWER_IS_BETTER else 1)
        better = np.where(abs(better) < 1e-12, 0, better)
        assert figure.probability == pytest.approx(np.mean((better > 0) + 0.5 * (better == 0))), name
    values = metrics.figures(a), metrics.figures(b)
    for name in FIGURES:
        assert found.figures[name].a == pytest.approx(values[0][name])
        assert found.figures[name].b == pytest.approx(values[1][name])
        assert found.figures[name].difference == pytest.approx(values[0][name] - values[1][name])


def test_a_better_model_is_judged_better() -> None:
    rows = photos()
    found = paired.compare(answer(rows, 1, 0.9), answer(rows, 2, 0.6), resamples=2000)
    for name in ("dice_mean", "foreground_acc", "dice_photo", "false_alarm_rate"):
        assert found.figures[name].verdict == paired.BETTER, name
        assert (found.figures[name].probability or 0) > 0.97, name
    assert (found.figures["false_alarm_rate"].difference or 0) < 0
    assert {figure.verdict for figure in found.per_defect.values()} == {paired.BETTER}


def test_models_of_equal_noise_are_no_evidence() -> None:
    """At 95 % about one in twenty such pairs is called unlike by chance; many more would be a wrong interval."""
    rows = photos()
    verdicts = []
    for seed in range(60):
        found = paired.compare(answer(rows, 1000 + seed, 0.8), answer(rows, 2000 + seed, 0.8), resamples=400)
        verdicts.append(found.figures["dice_mean"].verdict)
    assert verdicts.count(paired.NO_EVIDENCE) >= 50


def test_hard_tiles_cancel() -> None:
    """A small gain on every tile is seen although the tiles differ far more from each other."""
    rows = photos()
    b = [replace(row, intersection_px=row.true_px * (i % 9) // 10) for i, row in enumerate(rows)]
    a = [replace(row, intersection_px=min(row.intersection_px + 3, row.true_px)) for row in b]
    assert paired.compare(a, b, resamples=500).figures["dice_mean"].verdict == paired.BETTER


@given(seeds=st.tuples(st.integers(0, 99), st.integers(100, 199)), order=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_turning_the_question_round_turns_the_answer_round(seeds, order) -> None:
    rows = photos(9)
    a, b = answer(rows, seeds[0], 0.7), answer(rows, seeds[1], 0.75)
    one = paired.compare(a, b, resamples=50, seed=seeds[0])
    order.shuffle(b)
    other = paired.compare(b, a, resamples=50, seed=seeds[0])
    turned = {paired.BETTER: paired.WORSE, paired.WORSE: paired.BETTER, paired.NO_EVIDENCE: paired.NO_EVIDENCE}
    for name, figure in (one.figures | one.per_defect).items():
        back = (other.figures | other.per_defect)[name]
        assert back.verdict == turned[figure.verdict]
        assert back.tiles == figure.tiles
        if figure.low is not None:
            ends = (figure.low, figure.high, figure.probability)
            assert ends == pytest.approx((-back.high, -back.low, 1 - back.probability), abs=1e-9)
    assert [(p.photo, p.dice_a, p.dice_b) for p in one.changed] == [
        (p.photo, p.dice_b, p.dice_a) for p in other.changed
    ]


def test_the_same_seed_gives_the_same_result() -> None:
    a, b = answer(photos(), 1, 0.8), answer(photos(), 2, 0.8)
    assert paired.compare(a, b, resamples=100, seed=3) == paired.compare(a, b, resamples=100, seed=3)
    assert paired.compare(a, b, resamples=100, seed=3) != paired.compare(a, b, resamples=100, seed=4)


def test_the_same_answers_are_the_same() -> None:
    a = answer(photos(), 1, 0.8)
    found = paired.compare(a, [replace(row, ms=9.0, picture="x.png") for row in a], resamples=100)
    assert found.same
    assert not found.flipped
    assert not found.changed
    for figure in found.figures.values():
        assert (figure.difference, figure.low, figure.high, figure.probability, figure.tiles) == (0, 0, 0, 0.5, 0)
    assert not paired.compare(a, [replace(a[0], score=0.123), *a[1:]], resamples=100).same


@pytest.mark.parametrize(("better", "verdict"), [(5, paired.NO_EVIDENCE), (6, paired.BETTER)])
def test_five_tiles_carry_no_verdict(better: int, verdict: str) -> None:
    """Five tiles that all favour A: the interval excludes 0, a sign test would not."""
    b = [row for row in photos(21) if row.defect == "crack"][:18]
    tiles = sorted({row.tile for row in b})[:better]
    b = [replace(row, intersection_px=50) for row in b]
    a = [replace(row, intersection_px=60) if row.tile in tiles else row for row in b]
    figure = paired.compare(a, b, resamples=1000).figures["dice_mean"]
    assert figure.tiles == better
    assert (figure.low or 0) > 0
    assert figure.verdict == verdict


def test_one_tile_has_no_interval() -> None:
    """A type that only one tile shows is the same in every resample."""
    rows = photos(7)
    rows = [
        replace(row, defect="crack" if row.tile == "t00" else "good", true_px=9 * (row.tile == "t00")) for row in rows
    ]
    b = [replace(row, intersection_px=0) for row in rows]
    a = [replace(row, intersection_px=row.true_px) for row in rows]
    figure = paired.compare(a, b, resamples=100).per_defect["crack"]
    assert (figure.difference or 0) > 0
    assert (figure.low, figure.high, figure.probability) == (None, None, None)
    assert figure.verdict == paired.NO_EVIDENCE


def test_what_is_undefined_is_no_evidence() -> None:
    good = [row for row in photos() if row.defect == "good"]
    found = paired.compare(good, good, resamples=50)
    assert found.figures["auroc"].difference is None
    assert found.figures["dice_photo"].verdict == paired.NO_EVIDENCE
    assert found.figures["false_alarm_rate"].difference == 0
    assert found.per_defect == {}


def test_lists_flipped_photos_and_changed_dice() -> None:
    a = photos(6)
    b = list(a)
    b[0] = replace(b[0], verdict="good", intersection_px=0, predicted_px=0)  # a crack that only A finds
    a[6] = replace(a[6], verdict="defect", predicted_px=50)  # an alarm of A alone, on a good photo
    b[3] = replace(b[3], intersection_px=b[3].true_px // 2)
    found = paired.compare(a, b, resamples=10)
    assert [(p.photo, p.truth, p.verdict_a, p.verdict_b) for p in found.flipped] == [
        (a[0].photo, "defect", "defect", "good"),
        (a[6].photo, "good", "defect", "good"),
    ]
    assert [(p.photo, p.dice_a) for p in found.changed] == [(a[0].photo, 1.0), (a[3].photo, 1.0)]
    assert found.changed[0].dice_b == 0


def test_refuses_other_photos() -> None:
    rows = photos(4)
    with pytest.raises(DataError) as caught:
        paired.compare(rows[5:], rows[:-1], names=("new", "old"))
    assert "5 only by old (p00_0, p00_1, p00_2 and 2 more)" in caught.value.message
    assert "1 only by new (p03_2)" in caught.value.message
    assert "6 by both" in caught.value.message


def test_refuses_photos_that_are_not_the_same() -> None:
    rows = photos(4)
    with pytest.raises(DataError, match="the tile of 1 of the 12 photos"):
        paired.compare(rows, [replace(rows[0], tile="other"), *rows[1:]])


def test_ten_thousand_resamples_of_a_large_test_set_take_seconds() -> None:
    rows = photos(300, 4)
    begin = time.perf_counter()
    paired.compare(answer(rows, 1, 0.8), answer(rows, 2, 0.8), resamples=10_000)
    assert time.perf_counter() - begin < 20  # 0.6 s alone on two cores; photo by photo it would be an hour


def test_the_loss_alone_makes_no_other_result(record) -> None:
    rows = [record(true_px=10, predicted_px=10, intersection_px=8) for _ in range(4)]
    measured = [replace(row, loss=0.5) for row in rows]
    assert paired.compare(measured, rows, resamples=20).same
