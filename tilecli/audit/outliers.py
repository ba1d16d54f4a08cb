"""Photos far from all others in brightness or size, by robust statistics (median and median deviation)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tilecli.audit.finding import Finding
from tilecli.audit.look import Look

_FAR = 5.0  # robust standard deviations
_LEAST_GROUP = 20  # photos of an exposure; fewer say nothing about what is usual
_LEAST_GREY = 30.0  # of 255; a nearer one is not odd, however alike the others are
_LEAST_FACTOR = 3.0  # likewise for area and for the relation of the sides
_FLAT = 12.0  # grey values between the darkest and the brightest hundredth
_SIGMA = 1.4826  # a normal distribution's standard deviation over its median deviation


def find_outliers(looks: Sequence[Look]) -> Iterator[Finding]:
    """Findings of the kinds brightness and size."""
    by_exposure: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_exposure[look.photo.exposure].append(look)
    for exposure, group in by_exposure.items():
        compared = group if len(group) >= _LEAST_GROUP else looks
        middle, sigma = robust([look.mean for look in compared])
        among = f"photos of exposure {exposure}" if exposure and compared is group else "photos"
        for look in group:
            away = abs(look.mean - middle)
            if look.spread < _FLAT:
                why = f"Hardly any contrast: its grey values span {look.spread:.0f} of 255."
                yield Finding("brightness", look.photo.photo, why, weight=1e3)
            elif len(compared) >= _LEAST_GROUP and away > max(_FAR * sigma, _LEAST_GREY):
                why = f"Mean grey {look.mean:.0f}; other {among} have {middle:.0f} ± {sigma:.0f}."
                yield Finding("brightness", look.photo.photo, why, weight=away)
    yield from _sizes(looks)


def robust(values: Sequence[float] | npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median, and what the median deviation says the standard deviation is."""
    middle = float(np.median(values))
    return middle, _SIGMA * float(np.median(np.abs(np.asarray(values) - middle)))


def _sizes(looks: Sequence[Look]) -> Iterator[Finding]:
    if len(looks) < _LEAST_GROUP:
        return
    sides = np.log([[look.photo.width, look.photo.height] for look in looks])
    # By area, and by long side over short: a photo that lies on its side is not odd.
    for values, what in ((sides.sum(axis=1), "area"), (np.abs(sides[:, 0] - sides[:, 1]), "sides")):
        middle, sigma = robust(values)
        away = np.abs(values - middle)
        for index in np.flatnonzero(away > max(_FAR * sigma, float(np.log(_LEAST_FACTOR)))).tolist():
            photo = looks[index].photo
            side = "above" if values[index] > middle else "below"
            usual = f"area of {np.exp(middle):,.0f} px" if what == "area" else f"ratio of sides of {np.exp(middle):.1f}"
            why = f"{photo.width}×{photo.height} px: {np.exp(away[index]):.1f} times {side} the median {usual}."
            yield Finding("size", photo.photo, why, weight=float(away[index]))
