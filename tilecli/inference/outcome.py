"""What became of one photo: its JSON line, and the files that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli.data import classlist
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.errors import TilesError
from tilecli.evaluation import overlays, type_overlays
from tilecli.inference.bundle import Bundle
from tilecli.inference.predictor import Prediction
from tilecli.inference.regions import Region, Verdict
from tilecli.layout import GOOD

_DIGITS = 6


@dataclass(frozen=True)
class Outcome:
    """One photo's result, or why there is none."""

    path: Path
    verdict: Verdict | None = None
    defect_share: float = 0.0
    regions: tuple[Region, ...] = ()
    score: float = 0.0
    ms: float = 0.0
    mask: Path | None = None  # written under the output folder, if there is one
    overlay: Path | None = None
    spot: int | None = None  # number of the spot it is said to show, from 1; None where photos are judged alone
    together: int = 1  # photos of the spot that were judged together with it, itself included
    tells_types: bool = False  # whether `type` and those of the regions say something
    type: str | None = None  # of most of the mask; None on a good photo
    types: Path | None = None  # written under the output folder, if there is one
    error: TilesError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The photo's JSON line: `path` and either its result or its `error`."""
        if self.error is not None:
            return {"path": str(self.path), "error": self.error.message}
        return {
            "path": str(self.path),
            **({} if self.spot is None else {"spot": self.spot, "together": self.together}),
            "verdict": self.verdict,
            **({"type": self.type} if self.tells_types else {}),
            "defect_share": round(self.defect_share, _DIGITS),
            "regions": [
                {
                    "box": list(region.box),
                    "area_px": region.area_px,
                    "mean_probability": round(region.mean_probability, _DIGITS),
                    **region.named(_DIGITS),
                }
                for region in self.regions
            ],
            "score": round(self.score, _DIGITS),
            "mask": str(self.mask) if self.mask else None,
            **({"types": str(self.types) if self.types else None} if self.tells_types else {}),
            "overlay": str(self.overlay) if self.overlay else None,
            "ms": round(self.ms, 2),
        }


def write(
    prediction: Prediction,
    path: Path,
    name: str,
    out: Path | None,
    classes: Sequence[str],
    *,
    masks: bool,
    drawings: bool,
    spot: int | None = None,
) -> Outcome:
    """Write what there is to see of one photo under `out`, if there is one, as `name`, and say what was found on it."""
    mask = overlay = types = None
    if out is not None and masks:
        mask = out / "masks" / f"{name}.png"
        overlays.save(mask, prediction.mask * 255)
        if prediction.types is not None:
            types = out / "types" / f"{name}.png"
            overlays.save(types, prediction.types)
    if out is not None and drawings:
        overlay = out / "overlays" / f"{name}.png"
        # The photo as people see it: in colour, whatever the network takes.
        overlays.save(overlay, _drawn(read_photo(path, 3), prediction, classes))
    return Outcome(
        path=path,
        verdict=prediction.verdict,
        defect_share=prediction.defect_share,
        regions=tuple(prediction.regions),
        score=prediction.score,
        ms=prediction.ms,
        mask=mask,
        overlay=overlay,
        spot=spot,
        together=prediction.together,
        tells_types=prediction.likeliest is not None,
        type=None if prediction.verdict == GOOD else prediction.type,
        types=types,
    )


def _drawn(photo: Uint8, prediction: Prediction, classes: Sequence[str]) -> Uint8:
    if prediction.types is None:
        return overlays.overlay(photo, prediction.mask)
    drawn = type_overlays.overlay(photo, prediction.types)
    return overlays.with_legend(drawn, type_overlays.entries([prediction.types], classes))


def write_classes(bundle: Bundle, out: Path | None) -> None:
    """What the numbers in types/ stand for, in the form that a source of photos names its classes in."""
    if out is not None and bundle.tells_types:
        classlist.write_classes(out / classlist.FILE, bundle.classes)
