"""What a benchmark returns, and how it repeats."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured thing; `ratio` compares it with `against`, measured in the same run (above 1: faster)."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None


def median_seconds(work: Callable[[], object], runs: int, warmup: int = 1) -> float:
    """Median wall time of `work`, s, after `warmup` runs that do not count."""
    taken = []
    for number in range(warmup + runs):
        start = time.perf_counter()
        work()
        if number >= warmup:
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)
