"""Several requests in one run of the network, where that is faster: whether it is, is measured on this machine.

On a CPU one photo keeps all cores busy, and a batch of four takes four times as long; on a GPU it does not.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np

from tilecli.data.preprocess import Float32, InputContract
from tilecli.inference.engines import Engine

SIZES = (2, 4, 8)
_PAYS = 1.15  # photos per second against single runs; less is not worth the longer wait of each
_SIDE_PX = 256  # of the noise that is measured on, where the bundle sets no size
_RUNS = 3


@dataclass(frozen=True)
class Measured:
    """Photos per second at each batch size, and the size that is used."""

    rates: dict[int, float]
    size: int  # 1: no batching
    seconds: float

    def __str__(self) -> str:
        rates = ", ".join(f"{size}: {rate:.1f}" for size, rate in self.rates.items())
        use = f"up to {self.size} at a time" if self.size > 1 else "off, it does not pay here"
        return f"batching {use} (photos/s by batch size, {rates}; measured in {self.seconds:.1f} s)"


def measure(engine: Engine, contract: InputContract, budget_s: float = 1.5) -> Measured:
    """Run noise in batches until `budget_s` is used up; at least single photos are measured."""
    begun = time.perf_counter()
    side = -(-(contract.short_side or _SIDE_PX) // contract.multiple) * contract.multiple
    noise = np.random.default_rng(0).standard_normal((max(SIZES), contract.channels, side, side), np.float32)
    rates: dict[int, float] = {}
    for size in (1, *SIZES):
        spent = time.perf_counter() - begun
        # A run that would not fit is not begun: the batch before tells how long it takes at worst.
        if rates and spent + 2 * size / rates[1] > budget_s:
            break
        engine.run(noise[:size])
        taken = []
        for _ in range(_RUNS):
            start = time.perf_counter()
            engine.run(noise[:size])
            taken.append(time.perf_counter() - start)
            if time.perf_counter() - begun > budget_s:
                break
        rates[size] = size / min(taken)  # other work on the machine only ever adds to the time
    best = max(rates, key=lambda size: rates[size])
    size = best if rates[best] >= _PAYS * rates[1] else 1
    return Measured(rates, size, time.perf_counter() - begun)


@dataclass(eq=False)
class _Waiting:
    values: Float32  # C×H×W
    done: threading.Event = field(default_factory=threading.Event)
    result: Float32 | None = None
    error: BaseException | None = None


class BatchingEngine:
    """An engine that joins photos of one size, waiting at the same moment, into one run of another engine.

    Nobody waits for a batch to fill: the first caller runs what is there, and whoever comes meanwhile makes the next.
    """

    def __init__(self, engine: Engine, size: int) -> None:
        self.name, self.device, self.precision, self.streams = (
            engine.name, engine.device, engine.precision, engine.streams,
        )  # fmt: skip
        self._engine, self._size = engine, size
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # held by whoever runs the engine
        self._queue: list[_Waiting] = []

    def run(self, batch: Float32) -> Float32:
        """See `Engine.run`; batches of more than one photo go straight through."""
        if len(batch) != 1:
            return self._engine.run(batch)
        mine = _Waiting(batch[0])
        with self._lock:
            self._queue.append(mine)
        while not mine.done.is_set():
            with self._turn:
                if not mine.done.is_set():
                    self._run_some()
        if mine.error is not None:
            raise mine.error
        assert mine.result is not None  # noqa: S101 - set with `done`, unless there was an error
        return mine.result[None]

    def _run_some(self) -> None:
        """Run the oldest that wait and have one size."""
        with self._lock:
            shape = self._queue[0].values.shape
            chosen = [entry for entry in self._queue if entry.values.shape == shape][: self._size]
            self._queue = [entry for entry in self._queue if entry not in chosen]
        try:
            results = self._engine.run(np.stack([entry.values for entry in chosen]))
            for entry, result in zip(chosen, results, strict=True):
                entry.result = result
        except BaseException as error:
            for entry in chosen:
                entry.error = error
        finally:
            for entry in chosen:
                entry.done.set()
