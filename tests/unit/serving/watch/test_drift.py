"""Drift is seen where there is some, and not where there is none."""

from __future__ import annotations

import json
import math
import threading
import time

import numpy as np
import pytest

from tilecli.data.preprocess import Uint8
from tilecli.errors import UsageError
from tilecli.inference.reference import Reference, describe, make_histogram
from tilecli.serving.watch.drift import DRIFT, NEEDED, WATCH, DriftMonitor, by_chance, level_of

Rng = np.random.Generator


def _photo(rng: Rng, lighter: float = 0.0, spread: float = 20.0) -> Uint8:
    """A small photo of a part: mean grey about 120 + `lighter`, give or take 10 from photo to photo."""
    mean = 120 + lighter + 10 * rng.standard_normal()
    return np.clip(np.rint(rng.normal(mean, spread, (24, 32, 1))), 0, 255).astype(np.uint8)


def _score(rng: Rng) -> float:
    return float(rng.beta(0.5, 2))


@pytest.fixture(scope="module")
def reference() -> Reference:
    rng = np.random.default_rng(0)
    photos = [(*describe(_photo(rng, spread=20 + 3 * rng.standard_normal())), _score(rng)) for _ in range(800)]
    return Reference(800, *(make_histogram(column) for column in zip(*photos, strict=True)))


def _fill(monitor: DriftMonitor, count: int, seed: int = 1, lighter: float = 0.0, flatter: float = 0.0) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        monitor.note(_photo(rng, lighter, 20 - flatter + 3 * rng.standard_normal()), _score(rng))


def test_photos_like_the_training_photos_are_no_drift(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 600)
    _fill(monitor, 600)
    report = monitor.report()
    assert (report.level, report.photos, report.reference_photos) == ("ok", 600, 800)
    for moved in report.quantities.values():
        assert moved.psi is not None
        assert 0 <= moved.psi < WATCH
        assert moved.position == pytest.approx(0.5, abs=0.06)
        assert moved.seen is not None
        assert sum(moved.seen) == pytest.approx(1)
        assert len(moved.seen) == len(moved.expected) == len(moved.edges) + 1


def test_lighter_photos_are_drift_of_brightness_alone(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 600)
    _fill(monitor, 600, lighter=15)
    report = monitor.report()
    assert report.level == "drift"
    assert {name: moved.level for name, moved in report.quantities.items()} == {
        "brightness": "drift", "contrast": "ok", "score": "ok",
    }  # fmt: skip
    assert report.quantities["brightness"].position > 0.8  # type: ignore[operator]
    assert report.figures()["brightness"] > DRIFT


def test_the_direction_is_told(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 300)
    _fill(monitor, 300, lighter=-15, flatter=12)
    moved = monitor.report().quantities
    assert moved["brightness"].position < 0.2  # type: ignore[operator]
    assert moved["contrast"].position < 0.2  # type: ignore[operator]


def test_a_little_lighter_is_to_be_watched(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 1000)
    _fill(monitor, 1000, lighter=4)
    moved = monitor.report().quantities["brightness"]
    assert moved.level == "watch"
    assert WATCH <= moved.psi < DRIFT  # type: ignore[operator]


def test_other_scores_are_drift_of_the_score(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 400)
    rng = np.random.default_rng(2)
    for _ in range(400):
        monitor.note(_photo(rng, spread=20 + 3 * rng.standard_normal()), 1 - _score(rng))
    levels = {name: moved.level for name, moved in monitor.report().quantities.items()}
    assert levels == {"brightness": "ok", "contrast": "ok", "score": "drift"}


def test_a_few_photos_say_nothing(reference: Reference) -> None:
    monitor = DriftMonitor(reference)
    assert monitor.report().since is None
    _fill(monitor, NEEDED - 1, lighter=60)
    report = monitor.report()
    assert (report.level, report.photos, report.needed) == ("too few", NEEDED - 1, NEEDED)
    assert report.figures() == {}
    assert all(moved.psi is None and moved.seen is None for moved in report.quantities.values())
    _fill(monitor, 1, lighter=60)
    assert monitor.report().level == "drift"


def test_only_the_last_photos_count(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 250)
    _fill(monitor, 400, lighter=60)
    assert monitor.report().level == "drift"
    _fill(monitor, 250, seed=3)
    report = monitor.report()
    assert (report.level, report.photos, report.window) == ("ok", 250, 250)


def test_a_small_window_is_full_before_200_photos(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 60)
    _fill(monitor, 60, lighter=60)
    report = monitor.report()
    assert (report.level, report.needed) == ("drift", 60)


def test_without_a_reference_that_is_said() -> None:
    monitor = DriftMonitor(None, 300)
    _fill(monitor, 300)
    report = monitor.report()
    assert (report.level, report.quantities, report.reference_photos) == ("no reference", {}, 0)
    assert report.photos == 300


def test_another_bundle_starts_over(reference: Reference) -> None:
    monitor = DriftMonitor(None, 300)
    _fill(monitor, 300, lighter=60)
    monitor.start_over(reference)
    assert (monitor.report().level, monitor.report().photos) == ("too few", 0)
    _fill(monitor, 300)
    assert monitor.report().level == "ok"


def test_colour_photos_are_described_by_their_grey(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 300)
    rng = np.random.default_rng(1)
    for _ in range(300):
        grey = _photo(rng, spread=20 + 3 * rng.standard_normal())
        monitor.note(np.repeat(grey, 3, axis=2), _score(rng))
    assert monitor.report().level == "ok"


def test_chance_alone_seldom_passes_what_it_is_said_to_reach() -> None:
    rng = np.random.default_rng(4)
    for trained_on, count in ((100, 300), (1000, 300), (5000, 1000)):
        above = 0
        for _ in range(200):
            expected = make_histogram(rng.random(trained_on))
            reference = Reference(trained_on, expected, expected, expected)
            monitor = DriftMonitor(reference, count)
            for value in rng.random(count):
                monitor.note(np.zeros((1, 1, 1), np.uint8), float(value))
            moved = monitor.report().quantities["score"]
            above += moved.psi > moved.by_chance  # type: ignore[operator]
        assert above < 25, (trained_on, count)


def test_chance_follows_the_table_of_chi_squared() -> None:
    for bins, quantile in ((2, 3.841), (3, 5.991), (5, 9.488), (10, 16.919)):
        assert by_chance(bins, 10**12, 1) == pytest.approx(quantile, rel=0.03)
    assert by_chance(10, 200, 200) == pytest.approx(16.919 / 100, rel=0.005)
    assert by_chance(1, 100, 100) == 0


@pytest.mark.parametrize(
    ("psi", "chance", "level"),
    [
        (0.05, 0, "ok"),
        (0.1, 0, "watch"),
        (0.249, 0, "watch"),
        (0.25, 0, "drift"),
        (9, 0.1, "drift"),
        (0.15, 0.2, "ok"),
        (0.3, 0.4, "ok"),
        (0.3, 0.2, "drift"),
        (0.2, 0.15, "watch"),
    ],
)
def test_levels(psi: float, chance: float, level: str) -> None:
    assert level_of(psi, chance) == level


def test_a_report_is_plain_json(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 250)
    _fill(monitor, 250, lighter=60)
    for report in (monitor.report(), DriftMonitor(reference).report(), DriftMonitor(None).report()):
        text = json.dumps(report.as_dict(), allow_nan=False)
        assert json.loads(text)["level"] == report.level
        assert all(math.isfinite(value) for value in report.figures().values())


def test_noting_a_photo_takes_no_time_to_speak_of(reference: Reference) -> None:
    monitor = DriftMonitor(reference)
    for size, most in (((288, 352, 1), 0.001), ((1000, 1400, 1), 0.001), ((4000, 5000, 3), 0.01)):
        photo = np.zeros(size, np.uint8)
        times = []
        for _ in range(30):
            start = time.perf_counter()
            monitor.note(photo, 0.5)
            times.append(time.perf_counter() - start)
        # The best of them: what the work takes where nobody else has the core.
        assert min(times) < most, size


def test_many_threads_may_note_at_once(reference: Reference) -> None:
    monitor = DriftMonitor(reference, 500)
    threads = [threading.Thread(target=_fill, args=(monitor, 100, seed)) for seed in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert monitor.report().photos <= 400
    assert monitor.report().photos == 400
    assert monitor.report().level == "ok"


def test_a_window_that_holds_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        DriftMonitor(None, 0)
    assert refused.value.where == "--drift-window"
