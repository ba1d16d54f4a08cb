"""Choosing which photos a person should look at: the band of scores that is neither good nor defective enough.

Pure: scores in, two thresholds out. Outside of the band the verdict stands by itself, so that is where errors count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilecli import histogram

_LOWEST, _HIGHEST = 0.0001, 0.999  # beyond, a score is 0 or 1 in one engine and not quite in another
_DIGITS = 6


@dataclass(frozen=True)
class Band:
    """Scores from `low` to below `high` are uncertain, and what became of the photos it was chosen on."""

    low: float
    high: float  # from here on: defect; equal to `low`: nothing is uncertain
    false_alarm_rate: float  # good photos called defective
    miss_rate: float  # defective photos called good
    uncertain_good_rate: float  # good photos in the band
    uncertain_defect_rate: float  # likewise defective ones
    promised: bool  # whether the wanted rate holds for new photos too, see `choose_band`

    def as_dict(self) -> dict[str, Any]:
        """The rates, ready for JSON."""
        rates = ("false_alarm_rate", "miss_rate", "uncertain_good_rate", "uncertain_defect_rate")
        return {name: round(float(getattr(self, name)), _DIGITS) for name in rates} | {"promised": self.promised}


def choose_band(
    scores: npt.ArrayLike,
    defective: npt.ArrayLike,
    most: float,
    least: float,
    preferred: float,
    low: float | None = None,
    high: float | None = None,
) -> Band | None:
    """The narrowest band outside of which at most a share `most` of each kind of photos is judged wrongly.

    scores, defective: per photo. least: of `high`, the threshold of pixels. preferred: the one threshold that is taken
    where no band is needed, if it does. low, high: an end that is given stays. None without both kinds of photos.

    The share is one of new photos of the same kind: with n photos at hand, at most ⌊most·(n + 1)⌋ − 1 of them may be
    wrong (split conformal prediction, Papadopoulos et al. 2002). Where n is too small for that, none may be, and
    nothing is promised. Photos of one tile are no independent draws, so the promise is for tiles like these.
    """
    score, bad = np.asarray(scores, np.float64), np.asarray(defective, np.bool_)
    if not bad.any() or bad.all():
        return None
    grid = histogram.thresholds()
    grid = grid[(grid >= _LOWEST) & (grid <= _HIGHEST)]
    alarms = np.count_nonzero(score[~bad][:, None] >= grid, axis=0)
    misses = np.count_nonzero(score[bad][:, None] < grid, axis=0)
    alarms_allowed, misses_allowed = (_allowed(int(np.count_nonzero(kind)), most) for kind in (~bad, bad))
    if high is None:
        fit = np.flatnonzero((alarms <= max(alarms_allowed, 0)) & (grid >= least))
        high = _stored(grid[fit[0]] if fit.size else max(_HIGHEST, least))
        high_given = False
    else:
        high_given = True
    if low is None:
        fit = np.flatnonzero(misses <= max(misses_allowed, 0))
        low = _stored(grid[fit[-1]] if fit.size else _LOWEST)
        if low >= high:
            # Any threshold between the two keeps both rates.
            low = high = high if high_given else _stored(min(max(preferred, high), low))
    low = min(low, high)
    wrong, missed = (int(np.count_nonzero(found)) for found in (score[~bad] >= high, score[bad] < low))
    return Band(
        low,
        high,
        false_alarm_rate=wrong / int(np.count_nonzero(~bad)),
        miss_rate=missed / int(np.count_nonzero(bad)),
        uncertain_good_rate=float(np.mean((score[~bad] >= low) & (score[~bad] < high))),
        uncertain_defect_rate=float(np.mean((score[bad] >= low) & (score[bad] < high))),
        promised=wrong <= alarms_allowed and missed <= misses_allowed,
    )


def photos_needed(most: float) -> int:
    """How many photos of a kind it takes to promise an error rate of `most`."""
    return math.ceil(1 / most - 1e-9) - 1


def _allowed(photos: int, most: float) -> int:
    """How many may be judged wrongly; −1: too few to promise anything."""
    return math.floor(most * (photos + 1) + 1e-9) - 1


def _stored(threshold: float) -> float:
    return float(f"{threshold:.{_DIGITS}g}")
