"""A live server's answers beside those that the local bundle gives to the very same bytes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli import progress
from tilecli.data.preprocess import decode_photo
from tilecli.delivery.check.endpoint import Endpoint
from tilecli.errors import DataError
from tilecli.inference.predictor import Predictor
from tilecli.reporting.check import Check
from tilecli.serving.watch.agreement import Overlap, overlap, quantiles

_SETTINGS = ("threshold", "verdict_threshold", "uncertain_from")
_NAMED = 5  # photos that agree least


@dataclass(frozen=True)
class Demands:
    """What a live server must reach."""

    min_agreement: float = 0.99  # of the masks' pooled Dice and of the share of equal verdicts, 0–1
    max_ms: float | None = None  # 95 % of the photos have to be there and back within it
    any_version: bool = False  # whether another bundle than the local one may answer


@dataclass(frozen=True)
class Compared:
    """One photo."""

    name: str
    pixels: int
    marked: Overlap  # `own`: by the local bundle
    verdict: str  # of the local bundle
    their_verdict: str
    their_version: str
    ms: float
    server_ms: float

    @property
    def equal_px(self) -> int:
        """Pixels that both mark, or neither."""
        return self.pixels - (self.marked.own + self.marked.theirs - 2 * self.marked.both)


@dataclass(frozen=True)
class Checked:
    """What came of it."""

    url: str
    local_version: str
    model: Mapping[str, Any]  # as the server says
    settings: Mapping[str, tuple[Any, Any]]  # those that differ: name → here, there
    photos: Sequence[Compared]
    checks: tuple[Check, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every demand is met."""
        return all(check.passed for check in self.checks)

    @property
    def versions(self) -> Mapping[str, int]:
        """Photos by the version of the bundle that answered."""
        return Counter(photo.their_version for photo in self.photos)

    @property
    def dice(self) -> float:
        """Of all marked pixels of all photos; 1 where nobody marks anything."""
        sums = ([getattr(photo.marked, name) for photo in self.photos] for name in ("both", "own", "theirs"))
        return Overlap(*(sum(values) for values in sums)).dice

    @property
    def equal_pixels(self) -> float:
        """Share of all pixels, 0–1."""
        return sum(photo.equal_px for photo in self.photos) / sum(photo.pixels for photo in self.photos)

    @property
    def equal_verdicts(self) -> float:
        """Share of the photos, 0–1."""
        return sum(photo.verdict == photo.their_verdict for photo in self.photos) / len(self.photos)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        worst = sorted(self.photos, key=lambda photo: photo.marked.dice)[:_NAMED]
        return {
            "passed": self.passed,
            "url": self.url,
            "photos": len(self.photos),
            "dice": self.dice,
            "dice_mean": sum(photo.marked.dice for photo in self.photos) / len(self.photos),
            "equal_pixels": self.equal_pixels,
            "equal_verdicts": self.equal_verdicts,
            "ms": self.times("ms"),
            "server_ms": self.times("server_ms"),
            "bundle": self.local_version,
            "their_bundles": dict(self.versions),
            "settings_that_differ": {name: list(values) for name, values in self.settings.items()},
            "precision": self.model["precision"],
            "engine": self.model["engine"],
            "least_alike": [
                {
                    "photo": photo.name,
                    "dice": photo.marked.dice,
                    "verdict": photo.verdict,
                    "their_verdict": photo.their_verdict,
                }
                for photo in worst
                if photo.marked.dice < 1 or photo.verdict != photo.their_verdict
            ],
            "checks": [vars(check) for check in self.checks],
        }

    def times(self, which: str) -> dict[str, float]:
        """p50, p95 and p99 in ms, of `ms` or `server_ms`."""
        return quantiles(deque(getattr(photo, which) for photo in self.photos)) or {}


def compare(endpoint: Endpoint, predictor: Predictor, version: str, paths: Sequence[Path], demands: Demands) -> Checked:
    """Ask the server about each photo, one after another, and hold its answers against the local bundle's.

    version: of the local bundle. Raises DataError for a photo that cannot be read here, DeployError where the server
    gives no answer.
    """
    model = endpoint.model()
    own = {name: getattr(predictor, name) for name in _SETTINGS}
    settings = {name: (own[name], model.get(name)) for name in _SETTINGS if model.get(name) != own[name]}
    photos = [_one(endpoint, predictor, path) for path in _warmed(endpoint, predictor, paths)]
    found = Checked(endpoint.url, version, model, settings, photos)
    return Checked(**{**vars(found), "checks": tuple(_checks(found, demands))})


def _warmed(endpoint: Endpoint, predictor: Predictor, paths: Sequence[Path]) -> Iterable[Path]:
    """The paths, once the first was asked about: connecting is no part of a line's photo."""
    _one(endpoint, predictor, paths[0])
    return progress.track(paths, "check", len(paths), "photo")


def _one(endpoint: Endpoint, predictor: Predictor, path: Path) -> Compared:
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"the photo cannot be read: {error.strerror or error}"
        raise DataError(what, where=str(path), hint="tiles data pull") from error
    photo = decode_photo(data, predictor.bundle.input.channels, str(path))
    height, width = photo.shape[:2]
    theirs = endpoint.predict(data, path.name, (height, width))
    ours = predictor.predict(photo)
    return Compared(
        name=path.name,
        pixels=height * width,
        marked=overlap(ours.mask, theirs.mask),
        verdict=ours.verdict,
        their_verdict=theirs.verdict,
        their_version=theirs.version,
        ms=theirs.ms,
        server_ms=theirs.server_ms,
    )


def _checks(found: Checked, demands: Demands) -> Iterable[Check]:
    least = demands.min_agreement
    same = set(found.versions) == {found.local_version}
    there = ", ".join(found.versions)
    words = f"{there}, as here" if same else f"{there} there, {found.local_version} here"
    yield Check("bundle", same or demands.any_version, words)
    yield Check("masks", found.dice >= least, f"Dice {found.dice:.4f}, at least {least:g}")
    yield Check(
        "verdicts",
        found.equal_verdicts >= least,
        f"{100 * found.equal_verdicts:.1f} % equal, at least {100 * least:g} %",
    )
    if demands.max_ms is not None:
        slow = found.times("ms")["p95"]
        yield Check("latency", slow <= demands.max_ms, f"p95 {slow:.0f} ms, at most {demands.max_ms:g} ms")
