"""Records as a test wants them, without a photo behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tilecli.evaluation.records import Record

MakeRecord = Callable[..., Record]


@pytest.fixture
def record() -> MakeRecord:
    count = 0

    def make(**values: Any) -> Record:
        nonlocal count
        count += 1
        defaults: dict[str, Any] = {
            "photo": f"p{count}",
            "tile": f"t{count}",
            "defect": "crack",
            "intersection_px": 0,
            "predicted_px": 0,
            "true_px": 0,
            "pixels": 1000,
            "score": 0.5,
            "verdict": "good",
            "defects": 0,
            "found": 0,
            "touched": 0,
            "ms": 1.0,
        }
        return Record(**defaults | values)

    return make
