"""A network asked several times, about a photo and its mirrored and turned copies; the answer is their mean.

A defect has no up and no left, so what the copies disagree about is chance, and averaging takes some of it away
(test-time augmentation). It costs as many runs as there are copies, so it is part of a bundle's contract: what is
deployed is what was measured.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import numpy.typing as npt

from tilecli.data.preprocess import Float32
from tilecli.inference.engines import Engine
from tilecli.inference.logits import logit

_MOST_PX = 2**20  # run at once: a window's memory must not grow with the copies

Copy = tuple[bool, bool, bool]  # rows and columns exchanged, then upside down, then mirrored left to right


class FlippingEngine:
    """An engine that answers with the mean of the logits over mirrored and turned copies of each photo."""

    def __init__(self, engine: Engine, number: int) -> None:
        """number: one of `bundle.FLIPS`."""
        self.name, self.device, self.precision, self.streams = (
            engine.name, engine.device, engine.precision, engine.streams,
        )  # fmt: skip
        self._engine = engine
        self._copies = copies(number)

    def run(self, batch: Float32) -> Float32:
        """See `Engine.run`."""
        photos, _, height, width = batch.shape
        total: npt.NDArray[np.float64] | None = None
        # Copies of one size go through in one run, as far as that is no more than a network is otherwise given.
        together = max(1, _MOST_PX // (photos * height * width))
        for _, same in groupby(self._copies, lambda copy: height != width and copy[0]):
            waiting = list(same)
            while waiting:
                now, waiting = waiting[:together], waiting[together:]
                seen = np.ascontiguousarray(np.concatenate([turn(batch, copy) for copy in now]))
                answers = self._engine.run(seen).reshape(len(now), photos, -1, *seen.shape[2:])
                if total is None:
                    total = np.zeros((photos, answers.shape[2], height, width), np.float64)
                for copy, answer in zip(now, answers, strict=True):
                    total += turn_back(logit(answer), copy)
        assert total is not None  # noqa: S101 - for mypy: the photo itself is a copy
        return np.asarray(1.0 / (1.0 + np.exp(-total / len(self._copies))), np.float32)


def averaged(engine: Engine, number: int) -> Engine:
    """`engine` asked about `number` copies of each photo; itself where that is one."""
    return FlippingEngine(engine, number) if number > 1 else engine


def copies(number: int) -> list[Copy]:
    """The photo itself first, those that exchange rows and columns last."""
    found = [(bool(i & 4), bool(i & 2), bool(i & 1)) for i in range(8)]
    return found[:number]


def turn(values: Float32, copy: Copy) -> Float32:
    """…×H×W → the copy of it, …×W×H where rows and columns are exchanged."""
    exchanged, upside_down, mirrored = copy
    result = values.swapaxes(-1, -2) if exchanged else values
    result = result[..., ::-1, :] if upside_down else result
    return result[..., ::-1] if mirrored else result


def turn_back(values: Float32, copy: Copy) -> Float32:
    """What was found on a copy, as it lies on the photo."""
    exchanged, upside_down, mirrored = copy
    result = values[..., ::-1] if mirrored else values
    result = result[..., ::-1, :] if upside_down else result
    return result.swapaxes(-1, -2) if exchanged else result
