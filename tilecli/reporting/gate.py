"""May this run replace the one in use? Decides by demands and by the paired bootstrap; says why in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tilecli.errors import UsageError, near_matches
from tilecli.evaluation import metrics, paired
from tilecli.evaluation.paired import Difference
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.store import Record
from tilecli.layout import GOOD
from tilecli.reporting.check import Check
from tilecli.reporting.comparison import Compared
from tilecli.reporting.words import signed


@dataclass(frozen=True)
class Demands:
    """What a run must reach. Shares are 0–1."""

    metric: str = "dice_mean"
    least: float | None = None  # of the metric; the most, where lower is better
    max_regression: float = 0.0  # an evident worsening of the metric by more than this stops the run
    floors: Mapping[str, float] = field(default_factory=dict)  # defect type → least pooled Dice of its photos
    max_false_alarms: float | None = None  # of the good photos
    need_base: bool = False  # whether a run that cannot be compared fails


@dataclass(frozen=True)
class Gate:
    """The decision and its reasons."""

    run: Record
    base: Record | None
    demands: Demands
    checks: tuple[Check, ...]
    verdict: str | None  # better, worse or no evidence, of the metric; None where nothing was compared
    compared: Compared

    @property
    def passed(self) -> bool:
        """Whether every demand is met."""
        return all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """As gate.json has it."""
        difference = self.compared.of(self.demands.metric)
        return {
            "passed": self.passed,
            "run": {"name": self.run.name, "rev": self.run.rev, "model": self.run.model},
            "base": None if self.base is None else {"name": self.base.name, "rev": self.base.rev},
            "metric": self.demands.metric,
            "verdict": self.verdict,
            "difference": None if difference is None else vars(difference),
            "compared": self.compared.words,
            "checks": [vars(check) for check in self.checks],
        }


def decide(run: Record, rows: Sequence[Row], base: Record | None, compared: Compared, demands: Demands) -> Gate:
    """Check every demand on `run`, whose test photos gave `rows`.

    Raises UsageError for a metric or type that these records do not have.
    """
    figures = metrics.figures(list(rows))
    if demands.metric not in figures:
        hint = near_matches(demands.metric, list(figures)) or ", ".join(figures)
        raise UsageError(f"no figure of single photos is called '{demands.metric}'", where="--metric", hint=hint)
    checks = []
    if demands.least is not None:
        checks.append(_least(demands.metric, demands.least, figures[demands.metric]))
    checks.append(_regression(demands, base, compared))
    types = metrics.per_defect(rows)
    for name, floor in demands.floors.items():
        checks.append(_floor(name, floor, types))
    if demands.max_false_alarms is not None:
        checks.append(_false_alarms(demands.max_false_alarms, figures["false_alarm_rate"], types))
    difference = compared.of(demands.metric)
    return Gate(run, base, demands, tuple(checks), difference.verdict if difference else None, compared)


def _least(about: str, least: float, value: float | None) -> Check:
    if value is None:
        return Check(about, False, f"{about} is undefined on these photos, {least:g} was asked for")
    low = about in metrics.LOWER_IS_BETTER
    passed = value <= least if low else value >= least
    asked = f"at most {least:g}" if low else f"at least {least:g}"
    return Check(about, passed, f"{about} is {value:.3f}, {asked} was asked for")


def _regression(demands: Demands, base: Record | None, compared: Compared) -> Check:
    about = "regression"
    found = compared.of(demands.metric)
    if base is None or found is None:
        words = compared.words
        if compared.comparison is not None:
            words = f"{demands.metric} was measured with other settings for the base, so it cannot be compared"
        return Check(about, not demands.need_base, words)
    says = _says(demands.metric, found)
    if found.verdict == paired.WORSE and found.difference is not None:
        drop = abs(found.difference)
        if drop > demands.max_regression:
            allowed = f", and {demands.max_regression:g} is allowed" if demands.max_regression else ""
            return Check(about, False, f"worse than {base.name}: {says}{allowed}")
        return Check(about, True, f"worse than {base.name}, but by less than {demands.max_regression:g}: {says}")
    if found.verdict == paired.BETTER:
        return Check(about, True, f"better than {base.name}: {says}")
    return Check(about, True, f"no evidence that it is worse than {base.name}: {says}")


def _says(metric: str, found: Difference) -> str:
    if found.difference is None:
        return f"{metric} is undefined for one of the two"
    words = f"{metric} {signed(found.difference)}"
    if found.low is None or found.high is None:
        return f"{words}, on too few tiles for an interval"
    words += f" (95 % {signed(found.low)} to {signed(found.high)})"
    if found.tiles < paired.LEAST_DIFFERING:
        words += f", and the two differ on {found.tiles} tile{'s' * (found.tiles != 1)} only"
    return words


def _floor(name: str, floor: float, types: Mapping[str, Mapping[str, Any]]) -> Check:
    about = f"floor of {name}"
    if name == GOOD or name not in types:
        known = [kind for kind in types if kind != GOOD]
        raise UsageError(
            f"no test photo is of type '{name}'", where="--floor", hint=near_matches(name, known) or ", ".join(known)
        )
    dice = types[name]["dice"]
    tiles = types[name]["tiles"]
    of = f"{types[name]['photos']} photos of {tiles} tile{'s' * (tiles != 1)}"
    if dice is None:
        return Check(about, False, f"the Dice of {name} is undefined, {floor:g} was asked for")
    return Check(about, dice >= floor, f"the Dice of {name} is {dice:.3f} on {of}, at least {floor:g} was asked for")


def _false_alarms(most: float, rate: float | None, types: Mapping[str, Mapping[str, Any]]) -> Check:
    about = "false alarms"
    if rate is None:
        return Check(about, False, f"there is no good test photo, and at most {most:g} false alarms were asked for")
    good = types[GOOD]["photos"]
    words = f"{round(rate * good)} of {good} good photos are called defective ({100 * rate:.1f} %)"
    return Check(about, rate <= most, f"{words}, at most {100 * most:g} % was asked for")


def parse_floors(given: Sequence[str]) -> dict[str, float]:
    """`crack=0.6` → {"crack": 0.6}; UsageError for anything else."""
    floors = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            floor = float(value)
        except ValueError:
            floor = -1.0
        if not equals or not name.strip() or not 0 <= floor <= 1:
            raise UsageError(f"'{text}' is no floor", where="--floor", hint="--floor crack=0.6, a Dice from 0 to 1")
        floors[name.strip()] = floor
    return floors
