import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tilecli.data.preprocess import Float32, InputContract
from tilecli.serving.model.batching import BatchingEngine, measure


class Engine:
    """Answers with the mean of each photo; what a run costs is set by the test."""

    name, device, precision, streams = "test", "cpu", "f32", 1

    def __init__(self, fixed_s: float = 0.0, each_s: float = 0.0) -> None:
        self.fixed_s, self.each_s = fixed_s, each_s
        self.sizes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def run(self, batch: Float32) -> Float32:
        self.gate.wait(5)
        self.sizes.append(len(batch))
        time.sleep(self.fixed_s + self.each_s * len(batch))
        if np.isnan(batch).any():
            raise ValueError("not a number")
        return np.full((len(batch), 1, *batch.shape[2:]), 1, np.float32) * batch.mean((1, 2, 3), keepdims=True)


def image(value: float, side: int = 4) -> Float32:
    return np.full((1, 1, side, side), value, np.float32)


def test_batches_pay_where_a_run_has_a_fixed_price() -> None:
    assert measure(Engine(fixed_s=0.02), InputContract(short_side=32)).size > 1


def test_batches_do_not_pay_where_each_photo_has_its_price() -> None:
    found = measure(Engine(each_s=0.01), InputContract(short_side=32))
    assert found.size == 1
    assert "off" in str(found)


def test_measuring_ends_in_time() -> None:
    engine = Engine(each_s=0.3)
    found = measure(engine, InputContract(short_side=32), budget_s=0.5)
    assert engine.sizes == [1, 1]
    assert found.size == 1


def test_joins_what_waits_and_gives_each_its_own() -> None:
    inner = Engine()
    engine = BatchingEngine(inner, 4)
    inner.gate.clear()
    with ThreadPoolExecutor(9) as pool:
        results = [pool.submit(engine.run, image(value)) for value in range(9)]
        time.sleep(0.2)
        inner.gate.set()
        values = [float(result.result(5)[0, 0, 0, 0]) for result in results]
    assert values == list(range(9))
    assert max(inner.sizes) == 4
    assert sum(inner.sizes) == 9


def test_sizes_are_not_mixed() -> None:
    inner = Engine()
    engine = BatchingEngine(inner, 8)
    inner.gate.clear()
    with ThreadPoolExecutor(6) as pool:
        results = [pool.submit(engine.run, image(1, 4 + 4 * (i % 2))) for i in range(6)]
        time.sleep(0.2)
        inner.gate.set()
        shapes = [result.result(5).shape for result in results]
    assert shapes == [(1, 1, 4 + 4 * (i % 2), 4 + 4 * (i % 2)) for i in range(6)]


def test_an_error_reaches_everybody_in_the_batch_and_nobody_else() -> None:
    engine = BatchingEngine(Engine(), 2)
    with pytest.raises(ValueError, match="not a number"):
        engine.run(image(float("nan")))
    assert engine.run(image(3))[0, 0, 0, 0] == 3
