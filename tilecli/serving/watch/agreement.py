"""How far two endpoints agree on the photos that both have seen. Counting only: who asks them is `shadow`'s matter."""

from __future__ import annotations

import bisect
import os
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import numpy as np

from tilecli.data.preprocess import Uint8

Failure = Literal[
    "timeout", "connect", "broken off", "status 3xx", "status 4xx", "status 5xx", "bad answer", "size", "other"
]
FAILURES: tuple[Failure, ...] = get_args(Failure)

LATENCIES = 1000  # photos whose times are kept
LEAST_ALIKE = 10  # photos that are named
_NAME_CHARS = 120
_MODELS = 8  # versions that are told apart
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Overlap:
    """One photo's masks, in px."""

    both: int
    own: int
    theirs: int

    @property
    def dice(self) -> float:
        """2·both / (own + theirs) (Dice 1945); 1 where neither marks anything, as in `evaluation.metrics`."""
        marked = self.own + self.theirs
        return 2 * self.both / marked if marked else 1.0


def overlap(own: Uint8, theirs: Uint8) -> Overlap:
    """Compare two H×W masks of one size; what is not 0 is marked."""
    from tilecli.opencv import cv2

    a, b = (np.asarray(mask != 0, np.uint8) for mask in (own, theirs))
    return Overlap(cv2.countNonZero(a & b), cv2.countNonZero(a), cv2.countNonZero(b))


@dataclass(frozen=True)
class ShadowReport:
    """What has been learnt about the other endpoint since `since`, by this process (`worker`: its id) alone."""

    url: str  # without what may be secret in it
    share: float  # of the photos that is mirrored, 0–1
    since: str  # ISO time, UTC
    worker: int
    offered: int  # photos that came by
    mirrored: int  # photos that the other endpoint answered with a mask
    dropped: int  # photos that were to be mirrored while the backlog was full
    waiting: int
    failed: dict[str, int]  # by reason, see FAILURES
    dice_pooled: float | None  # over all pixels of all mirrored photos; None where nobody marked anything
    dice_mean: float | None  # mean of each photo's, see `Overlap.dice`; None before the first
    identical_share: float | None  # of mirrored photos with the very same mask
    same_answer_share: float | None  # of mirrored photos on which both or neither marked something
    marked_share: float | None  # of mirrored photos on which this endpoint marked something
    their_marked_share: float | None
    ms: dict[str, float] | None  # quantiles of this endpoint's times for the last mirrored photos
    their_ms: dict[str, float] | None  # of the other's, from sending to having the answer: the network counts
    their_models: dict[str, int]  # photos by the model version that the other endpoint names
    least_alike: list[dict[str, Any]]  # the photos that agree least: name, dice
    last_error: str | None
    last_error_at: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    def photos_by_outcome(self) -> dict[str, int]:
        """What became of the photos that came by, failures by their reason: counts that add up over processes."""
        counts = {name: getattr(self, name) for name in ("offered", "mirrored", "dropped", "waiting")}
        return {**counts, **{f"failed: {reason}": count for reason, count in self.failed.items()}}

    def figures(self) -> dict[str, float]:
        """Shares and quantiles under flat names; what is not known yet is left out."""
        shares = ("dice_pooled", "dice_mean", "identical_share", "same_answer_share", "marked_share")
        named: dict[str, float | None] = {
            **{name: getattr(self, name) for name in (*shares, "their_marked_share")},
            **{f"ms_{name}": value for name, value in (self.ms or {}).items()},
            **{f"their_ms_{name}": value for name, value in (self.their_ms or {}).items()},
        }
        return {name: value for name, value in named.items() if value is not None}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Tally:
    """Sums over the photos seen so far. Bounded in memory; not thread-safe, its owner holds a lock."""

    since: str = field(default_factory=_now)
    offered: int = 0
    dropped: int = 0
    mirrored: int = 0
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAILURES, 0))
    both_px: int = 0
    own_px: int = 0
    their_px: int = 0
    dice_sum: float = 0.0
    identical: int = 0
    same_answer: int = 0
    own_marked: int = 0
    their_marked: int = 0
    own_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    their_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    models: dict[str, int] = field(default_factory=dict)
    worst: list[tuple[float, float, str]] = field(default_factory=list)  # dice, when (s), name; the least alike first
    last_error: str | None = None
    last_error_at: str | None = None

    def note(self, name: str, found: Overlap, own_ms: float, their_ms: float, model: str | None) -> None:
        """Count one photo that both have answered."""
        self.mirrored += 1
        self.both_px += found.both
        self.own_px += found.own
        self.their_px += found.theirs
        self.dice_sum += found.dice
        self.identical += found.both == found.own == found.theirs
        self.same_answer += (found.own > 0) == (found.theirs > 0)
        self.own_marked += found.own > 0
        self.their_marked += found.theirs > 0
        self.own_ms.append(own_ms)
        self.their_ms.append(their_ms)
        if model is not None and (model in self.models or len(self.models) < _MODELS):
            self.models[model] = self.models.get(model, 0) + 1
        if found.dice < 1.0:
            bisect.insort(self.worst, (found.dice, time.time(), name[:_NAME_CHARS]))
            del self.worst[LEAST_ALIKE:]

    def note_failure(self, reason: Failure, words: str) -> None:
        """Count one photo that was sent and gave no mask to compare."""
        self.failed[reason] += 1
        self.last_error, self.last_error_at = words, _now()

    def report(self, url: str, share: float, waiting: int) -> ShadowReport:
        """The sums as figures."""
        marked = self.own_px + self.their_px
        return ShadowReport(
            url=url,
            share=share,
            since=self.since,
            worker=os.getpid(),
            offered=self.offered,
            mirrored=self.mirrored,
            dropped=self.dropped,
            waiting=waiting,
            failed=dict(self.failed),
            dice_pooled=2 * self.both_px / marked if marked else None,
            dice_mean=self._per_photo(self.dice_sum),
            identical_share=self._per_photo(self.identical),
            same_answer_share=self._per_photo(self.same_answer),
            marked_share=self._per_photo(self.own_marked),
            their_marked_share=self._per_photo(self.their_marked),
            ms=quantiles(self.own_ms),
            their_ms=quantiles(self.their_ms),
            their_models=dict(self.models),
            least_alike=[{"name": name, "dice": dice} for dice, _, name in self.worst],
            last_error=self.last_error,
            last_error_at=self.last_error_at,
        )

    def _per_photo(self, total: float) -> float | None:
        return total / self.mirrored if self.mirrored else None


def quantiles(times: deque[float]) -> dict[str, float] | None:
    """p50, p95 and p99 of some times; None where there are none."""
    if not times:
        return None
    found = np.quantile(np.fromiter(times, np.float64), list(QUANTILES.values()))
    return {name: round(float(value), 3) for name, value in zip(QUANTILES, found, strict=True)}
