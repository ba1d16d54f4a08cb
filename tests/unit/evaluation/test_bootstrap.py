from __future__ import annotations

import numpy as np
import pytest

from tilecli.evaluation import bootstrap, metrics
from tilecli.evaluation.records import Record


@pytest.fixture
def rows(record) -> list[Record]:
    draw = np.random.default_rng(7)
    made = []
    for tile in range(20):
        true = int(draw.integers(20, 200)) if tile % 2 else 0
        for _ in range(6):
            inter = int(draw.integers(0, true + 1))
            made.append(
                record(
                    tile=f"t{tile}",
                    defect="crack" if true else "good",
                    true_px=true,
                    intersection_px=inter,
                    predicted_px=inter + int(draw.integers(0, 30)),
                    score=round(float(draw.random()), 1),
                    verdict="defect" if draw.random() < 0.5 else "good",
                    defects=int(bool(true)),
                    found=int(bool(true) and draw.random() < 0.5),
                )
            )
    return made


def test_the_same_seed_gives_the_same_intervals(rows) -> None:
    assert bootstrap.intervals(rows, 200, 3) == bootstrap.intervals(rows, 200, 3)
    assert bootstrap.intervals(rows, 200, 3) != bootstrap.intervals(rows, 200, 4)


def test_intervals_hold_the_figure(rows) -> None:
    figures = metrics.figures(rows)
    for name, (low, high) in bootstrap.intervals(rows, 500, 0).items():
        value = figures[name]
        assert value is not None
        assert low <= value <= high, name
        assert 0 <= low <= high <= 1


def test_is_what_resampling_the_photos_of_tiles_gives(rows) -> None:
    """The vectorised sums against the same draws, done photo by photo."""
    names, _ = np.unique([row.tile for row in rows], return_inverse=True)
    counts = np.random.default_rng(11).multinomial(len(names), np.full(len(names), 1 / len(names)), size=40)
    slow: dict[str, list[float]] = {"dice_mean": [], "auroc": [], "false_alarm_rate": [], "defect_recall": []}
    for drawn in counts:
        times = dict(zip(names, drawn, strict=True))
        sample = [row for row in rows for _ in range(times[row.tile])]
        for name, value in metrics.figures(sample).items():
            if name in slow:
                slow[name].append(value)
    fast = bootstrap.intervals(rows, 40, 11)
    for name, values in slow.items():
        np.testing.assert_allclose(fast[name], np.percentile(values, [2.5, 97.5]), err_msg=name)


def test_photos_of_one_tile_are_one_draw(record) -> None:
    """The same photos over fewer tiles: a wider interval."""
    draw = np.random.default_rng(1)
    found = draw.integers(0, 2, 60)

    def width(group: int) -> float:
        made = [
            record(tile=f"t{i // group}", defects=1, found=int(found[i // group * group]), true_px=1) for i in range(60)
        ]
        low, high = bootstrap.intervals(made, 500, 0)["defect_recall"]
        return high - low

    assert width(6) > 1.5 * width(1)


def test_what_cannot_be_told_is_left_out(record) -> None:
    good = [record(defect="good", tile=f"t{i}") for i in range(5)]
    found = bootstrap.intervals(good, 50, 0)
    assert "auroc" not in found
    assert "dice_mean" not in found
    assert "false_alarm_rate" in found
    assert bootstrap.intervals(good, 0, 0) == {}
    assert bootstrap.intervals([record(tile="only"), record(tile="only")], 50, 0) == {}
