from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tilecli.config import Params
from tilecli.data.datamodule import CropDataset
from tilecli.layout import Project
from tilecli.learning import precision
from tilecli.learning.profile import PARTS, peak_flops, profile

Make = Callable[[str], Project]


def test_the_parts_of_a_step_are_told_apart_and_nothing_is_written(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    before = sorted(project.root.rglob("*"))
    found = profile(project, tiny.train, steps=8)
    assert set(found.ms) == set(PARTS)
    assert all(value > 0 for value in found.ms.values())
    assert sum(found.epoch.values()) == pytest.approx(1)
    assert set(found.epoch) == {*PARTS, "validation"}
    assert found.photos_per_s == pytest.approx(1e3 * tiny.train.batch_size / sum(found.ms.values()))
    assert 0 < found.network_share < 1
    assert 0 < found.peak_share < 1
    assert sorted(project.root.rglob("*")) == before


def test_operations_are_counted_as_the_layers_have_them(make_project: Make, tiny: Params) -> None:
    one = profile(make_project("one"), tiny.train, steps=2)
    twice = profile(make_project("two"), tiny.train.model_copy(update={"batch_size": 8}), steps=2)
    assert twice.step_gflop == pytest.approx(2 * one.step_gflop)
    # Multiplications and additions of the forward pass, by hand: (32/2)² px at width 8, (32/4)² px at width 12.
    half, quarter = 16 * 16, 8 * 8
    forward = (
        2 * 9 * (half * 8 + half * 8 * 8 + quarter * (8 * 12 + 12 * 12) + half * ((12 + 8) * 8 + 8 * 8)) + 2 * half * 8
    )
    assert one.step_gflop * 1e9 / tiny.train.batch_size == pytest.approx(3 * forward, rel=0.05)


def test_slow_crops_show_as_waiting(make_project: Make, tiny: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = CropDataset.__getitem__

    def slowly(self: CropDataset, place: tuple[int, int]) -> object:
        time.sleep(0.05)
        return cut(self, place)

    monkeypatch.setattr(CropDataset, "__getitem__", slowly)
    found = profile(make_project("one"), tiny.train, steps=4)
    assert 50 < found.ms["data"] < 150
    assert found.epoch["data"] > found.epoch["backward"]


def test_the_peak_is_what_no_network_exceeds(tiny: Params) -> None:
    assert 1e8 < peak_flops(precision.choose(tiny.train)) < 1e16
