"""Promote or hold: what a server measured of its shadow, judged by what it shows at least and not by its bare value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tilecli.errors import DeployError
from tilecli.reporting.check import Check

_Z = 1.959964  # of the normal distribution: 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Limits:
    """What the shadow must show. Shares are 0–1."""

    min_requests: int = 200  # photos that both have answered
    min_agreement: float = 0.95  # photos on which both or neither mark something
    min_dice: float = 0.8  # of the two masks, mean over photos
    max_failed: float = 0.02  # photos without an answer
    max_slower: float = 2.0  # times as slow as the server that answers now, 95 % of the photos


@dataclass(frozen=True)
class Judged:
    """The decision and its reasons."""

    report: Mapping[str, Any]
    checks: tuple[Check, ...]

    @property
    def promote(self) -> bool:
        """Whether the shadow may take over."""
        return all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        decision = "promote" if self.promote else "hold"
        return {"decision": decision, "checks": [vars(check) for check in self.checks], "report": dict(self.report)}


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share of `count` photos (Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209).

    For the mean of values between 0 and 1, such as Dice, it is at least as wide as need be: their variance is at most
    mean·(1 − mean) (Bhatia and Davis, Am. Math. Mon. 107, 2000, p. 353), which is a share's. (0, 1) for no photos.
    """
    if count < 1:
        return 0.0, 1.0
    spread = _Z * math.sqrt(share * (1 - share) / count + (_Z / (2 * count)) ** 2)
    middle, scale = share + _Z**2 / (2 * count), 1 + _Z**2 / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def judge(report: Mapping[str, Any], limits: Limits) -> Judged:
    """Decide by a `ShadowReport` as JSON; DeployError where its figures are none."""
    try:
        return Judged(report, tuple(_checks(report, limits)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeployError(f"the report on the shadow cannot be read: {error}", where="/v1/shadow") from error


def _checks(report: Mapping[str, Any], limits: Limits) -> Iterable[Check]:
    count = int(report["mirrored"])
    yield Check("photos", count >= limits.min_requests, f"{count} compared, at least {limits.min_requests}")
    for about, key, least in (
        ("same answer", "same_answer_share", limits.min_agreement),
        ("masks", "dice_mean", limits.min_dice),
    ):
        share = float(report[key] or 0.0)
        low, high = wilson(share, count)
        words = f"{_NAMES[key]} {share:.3f} ({low:.3f}–{high:.3f}); the lower end has to reach {least:g}"
        yield Check(about, count > 0 and low >= least, words if count else _NOTHING)
    lost = sum(int(failed) for failed in report["failed"].values()) + int(report["dropped"])
    share = lost / (count + lost) if count + lost else 0.0
    low, high = wilson(share, count + lost)
    said = f"; the last: {report['last_error']}" if report.get("last_error") else ""
    words = (
        f"{lost} of {count + lost} photos without one (up to {100 * high:.1f} %), at most {100 * limits.max_failed:g} %"
    )
    yield Check("answers", high <= limits.max_failed, words + said)
    ours, theirs = (float((report[key] or {}).get("p95", 0.0)) for key in ("ms", "their_ms"))
    words = f"p95 {theirs:.0f} ms with the way there, {ours:.0f} ms here; at most {limits.max_slower:g} times as much"
    yield Check("latency", count > 0 and theirs <= limits.max_slower * ours, words if count else _NOTHING)
    models = dict(report["their_models"])
    yield Check("one bundle", len(models) < 2, ", ".join(models) or "it names no version")


_NOTHING = "nothing was compared yet"
_NAMES = {"same_answer_share": "both or neither mark something:", "dice_mean": "Dice"}
