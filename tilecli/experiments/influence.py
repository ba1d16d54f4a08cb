"""What a figure hung on in a set of experiments: how much of its variance each setting explains, and Spearman's ρ.

Works for any runs, searched or not, and says less where there are few. What a study of Optuna's knows of its own
trials is in `queue.study`. NumPy only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tilecli.experiments.compare import changed_params
from tilecli.experiments.plots.axes import is_number
from tilecli.experiments.store import Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BINS = 5  # groups of about equal size, of a setting with more numbers than that
_LEAST_IN_GROUP = 2  # runs per value on average; with fewer, noise within a group cannot be seen
_LEAST_FOR_RHO = 5  # pairs; with four, even a perfect order has p = 2/4! = 0.08
_ABSENT = object()
HARDLY, ROUGH = 10, 30  # runs, below which words of caution are said


@dataclass(frozen=True)
class Influence:
    """One setting's bearing on a figure."""

    name: str
    runs: int  # that have both
    values: int  # different ones that were tried
    share: float | None  # of the figure's variance (0–1) that the setting alone explains; None where too few runs tell
    rho: float | None  # Spearman's rank correlation, −1 to 1; None of categories and of too few runs
    low: float | None  # ends of its 95 % interval
    high: float | None
    twins: tuple[str, ...] = ()  # settings that always changed with it: their shares cannot be told apart


class Settings:
    """The settings that are not the same in all of some records, ready to be weighed against any figure."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.names = changed_params(records)
        self._columns = {name: _Column([record.params.get(name, _ABSENT) for record in records]) for name in self.names}

    def influences(self, metric: str) -> list[Influence]:
        """The bearing of each setting that differs among the records with a finite `metric`; the largest first."""
        import numpy as np

        values = [record.metrics.get(metric) for record in self._records]
        measured = np.asarray([is_number(value) for value in values], bool)
        figures = np.asarray([value if is_number(value) else np.nan for value in values], np.float64)
        found, patterns = [], {}
        for name, column in self._columns.items():
            has = measured & (column.codes >= 0)
            pattern = column.pattern(measured)
            if len(set(pattern)) < 2:
                continue
            patterns[name] = pattern
            found.append(_influence(name, column, has, figures[has]))
        alike = {name: tuple(o for o in patterns if o != name and patterns[o] == patterns[name]) for name in patterns}
        found = [replace(one, twins=alike[one.name]) for one in found]
        return sorted(found, key=lambda one: (-1 if one.share is None else one.share, abs(one.rho or 0)), reverse=True)

    def cautions(self, metric: str) -> list[str]:
        """What to keep in mind when its influences are read, in sentences."""
        measured = sum(is_number(record.metrics.get(metric)) for record in self._records)
        found = []
        if measured < HARDLY:
            found.append(f"{measured} runs with {metric} are too few to tell a setting's effect from chance.")
        elif measured < ROUGH:
            found.append(f"{measured} runs with {metric} give a rough guess; {ROUGH} and more make it dependable.")
        if any(name.startswith(("data.", "split.")) for name in self.names):
            found.append("Settings of the data differ, so figures of different photos are compared.")
        if any(name.endswith("epochs") for name in self.names):
            found.append("The numbers of epochs differ, which hides what other settings do.")
        return found


class _Column:
    """One setting over all records."""

    def __init__(self, values: Sequence[Any]) -> None:
        import numpy as np

        known = [value for value in values if value is not _ABSENT]
        numeric = all(isinstance(value, bool) or is_number(value) for value in known)
        numbers: dict[object, int] = {}  # a number for each different value, in the order in which they come
        codes = iter([numbers.setdefault(_key(value), len(numbers)) for value in known])
        self.codes = np.asarray([-1 if value is _ABSENT else next(codes) for value in values], np.intp)
        self.numbers = np.asarray([np.nan if v is _ABSENT else v for v in values], np.float64) if numeric else None

    def pattern(self, measured: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        """Which of the measured records have the same value: equal for two settings that always changed together."""
        seen: dict[int, int] = {}
        return tuple(seen.setdefault(code, len(seen)) for code in self.codes[measured].tolist())


def _key(value: Any) -> object:
    """The same for equal values alone: 1 is 1.0 but not true."""
    return float(value) if is_number(value) else (json.dumps(value, sort_keys=True, default=str),)


def explained(figures: npt.NDArray[np.float64], groups: npt.NDArray[np.intp]) -> float | None:
    """Share of the variance of `figures` that lies between the groups: ε² of Kelley (An unbiased correlation ratio
    measure, PNAS 1935), 0 where groups differ no more than chance would have them. The main effect that a functional
    ANOVA would report (Hutter, Hoos and Leyton-Brown, ICML 2014), without a model.

    None where all figures are equal, there is one group, or groups have fewer than two runs on average.
    """
    import numpy as np

    sizes = np.bincount(groups)
    count, kinds = len(figures), int((sizes > 0).sum())
    total = float(((figures - figures.mean()) ** 2).sum()) if count else 0.0
    if kinds < 2 or count < _LEAST_IN_GROUP * kinds or total <= 0:
        return None
    means = np.bincount(groups, figures) / np.maximum(sizes, 1)
    within = float(((figures - means[groups]) ** 2).sum())
    share = 1 - (within / (count - kinds)) / (total / (count - 1))
    return min(1.0, max(0.0, share))


def spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> tuple[float, float, float] | None:
    """ρ and its 95 % interval by Fisher's z with the variance of Bonett and Wright (Psychometrika 2000).

    None for fewer than five pairs, and where one side is the same throughout.
    """
    import numpy as np

    if len(one) < _LEAST_FOR_RHO:
        return None
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    below = math.sqrt(float((a**2).sum() * (b**2).sum()))
    if below <= 0:
        return None
    rho = float(np.clip((a * b).sum() / below, -1, 1))
    if abs(rho) > 1 - 1e-12:
        return rho, rho, rho
    reach = 1.96 * math.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    return rho, math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)


def _influence(name: str, column: _Column, has: npt.NDArray[np.bool_], figures: npt.NDArray[np.float64]) -> Influence:
    import numpy as np

    codes = column.codes[has]
    distinct = len(np.unique(codes))
    numbers = None if column.numbers is None else column.numbers[has]
    groups = _bins(numbers) if numbers is not None and distinct > _BINS else codes
    rho, low, high = (None if numbers is None else spearman(numbers, figures)) or (None, None, None)
    return Influence(name, len(codes), distinct, explained(figures, groups), rho, low, high)


def _bins(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Groups of about equal size, in the order of the numbers; equal numbers share one."""
    import numpy as np

    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.searchsorted(edges, numbers, side="left").astype(np.intp)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1 for the least; equal ones share the mean of theirs."""
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: npt.NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks
