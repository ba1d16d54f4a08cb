from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tilecli.data.preprocess import Float32
from tilecli.inference import flips
from tilecli.inference.bundle import Bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.flips import FlippingEngine, averaged, copies, turn, turn_back
from tilecli.inference.predictor import Predictor

from .conftest import make_bundle


class Leaning(torch.nn.Module):
    """Sees more defect towards the left and the top, and along rows: every copy gets another answer."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        rows = torch.cumsum(torch.ones_like(image), 2)
        columns = torch.cumsum(torch.ones_like(image), 3)
        return image - 0.02 * rows - 0.05 * columns


@pytest.fixture(scope="module")
def leaning(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("leaning"), Leaning())


@pytest.mark.parametrize("number", [1, 2, 4, 8])
def test_copies_differ_and_can_be_turned_back(number: int) -> None:
    values = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    made = [turn(values, copy) for copy in copies(number)]
    assert len({(copy.shape, copy.tobytes()) for copy in made}) == number
    for copy, seen in zip(copies(number), made, strict=True):
        np.testing.assert_array_equal(turn_back(seen, copy), values)


@pytest.mark.parametrize("sides", [(64, 96), (64, 64)])
@pytest.mark.parametrize("number", [2, 4, 8])
def test_the_answer_is_the_mean_logit_of_all_copies(leaning: Bundle, number: int, sides: tuple[int, int]) -> None:
    engine = open_engine(leaning, threads=1, keep_compiled=False)
    batch = np.random.default_rng(0).standard_normal((2, 1, *sides)).astype(np.float32)
    logits = []
    for copy in copies(number):
        answer = turn_back(engine.run(np.ascontiguousarray(turn(batch, copy))), copy).astype(np.float64)
        logits.append(np.log(answer / (1 - answer)))
    wanted = 1 / (1 + np.exp(-np.mean(logits, axis=0)))
    found = averaged(engine, number).run(batch)
    assert found.shape == (2, 1, *sides)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found - engine.run(batch)).max() > 0.1
    # A photo's answer turns with the photo.
    for copy in copies(number):
        turned = averaged(engine, number).run(np.ascontiguousarray(turn(batch, copy)))
        np.testing.assert_allclose(turn_back(turned, copy), found, atol=1e-5)


class Counting:
    name, device, precision, streams = "counting", "cpu", "f32", 3

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: Float32) -> Float32:
        self.shapes.append(batch.shape)
        return np.full((len(batch), 1, *batch.shape[2:]), 0.5, np.float32)


def test_copies_of_one_size_share_a_run_while_it_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Counting()
    FlippingEngine(engine, 8).run(np.zeros((1, 1, 32, 64), np.float32))
    assert engine.shapes == [(4, 1, 32, 64), (4, 1, 64, 32)]
    engine.shapes.clear()
    FlippingEngine(engine, 8).run(np.zeros((1, 1, 64, 64), np.float32))
    assert engine.shapes == [(8, 1, 64, 64)]
    engine.shapes.clear()
    monkeypatch.setattr(flips, "_MOST_PX", 3 * 32 * 64)
    FlippingEngine(engine, 4).run(np.zeros((1, 1, 32, 64), np.float32))
    assert engine.shapes == [(3, 1, 32, 64), (1, 1, 32, 64)]
    assert FlippingEngine(engine, 4).streams == 3
    assert averaged(engine, 1) is engine


def test_a_predictor_keeps_to_the_bundles_contract(leaning: Bundle, tmp_path: Path) -> None:
    engine = open_engine(leaning, threads=1, keep_compiled=False)
    photo = np.random.default_rng(1).integers(0, 256, (50, 70, 1)).astype(np.uint8)
    once = Predictor(leaning, engine).probability(photo)
    eight = Predictor(replace(leaning, flips=8), engine)
    found = eight.probability(photo)
    assert found.shape == (50, 70)
    assert np.abs(found - once).max() > 0.05
