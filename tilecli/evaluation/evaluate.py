"""The bundle measured on the test photos: figures, one row per photo, curves and pictures, written under evaluation/.

What runs the bundle is handed in as a function, so that nothing here knows of engines; every figure is defined in
`tilecli.evaluation.metrics`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tilecli import files, histogram, overlap, progress
from tilecli.config import EvaluateParams, Params
from tilecli.data import catalog, manifest
from tilecli.data.catalog import Photo
from tilecli.data.preprocess import Float32, Uint8, read_photo
from tilecli.errors import DataError
from tilecli.evaluation import bootstrap, fused, metrics, objects, overlays, pixels, plots, records
from tilecli.evaluation.records import Record
from tilecli.layout import Project

SUBSET = "test"
_CI_NAMES = {"dice_mean": "dice"}  # the interval that has keys of its own at the top: dice_ci_low, dice_ci_high
_DIGITS = 6  # of stored figures; more would be rounding noise in diffs


class Predicted(Protocol):
    """What is needed of a prediction; `tilecli.inference.predictor.Prediction` is one."""

    @property
    def mask(self) -> Uint8:
        """H×W at the photo's own size, 1 where defect."""

    @property
    def probability(self) -> Float32:
        """H×W, 0–1."""

    @property
    def verdict(self) -> str:
        """`defect`, `uncertain` or `good`."""

    @property
    def score(self) -> float:
        """Of the photo, 0–1."""

    @property
    def ms(self) -> float:
        """Wall time."""


Predict = Callable[[Path], Predicted]
PredictSpot = Callable[[Sequence[Path]], Sequence[Predicted]]


@dataclass(frozen=True)
class Item:
    """A test photo and the tile it shows."""

    photo: Photo
    tile: str


def evaluate(
    project: Project,
    params: Params,
    predict: Predict,
    *,
    predict_spot: PredictSpot | None = None,
    workers: int = 1,
    facts: dict[str, Any] | None = None,
    machine: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure `predict` on the test subset, write everything under evaluation/, return what metrics.json holds.

    predict: maps an image file to a prediction; called from `workers` threads at a time.
    predict_spot: maps the image files of one spot to a prediction each; needed where `evaluate.fuse` is set.
    facts: goes into metrics.json as it is (threshold, precision); machine: into speed.json.

    Raises DataError where the test subset is empty or a prediction does not have its photo's size.
    """
    items = _test_items(project)
    start = time.perf_counter()
    measured, counts = _measure(items, project.dataset, params.evaluate, predict, workers)
    seconds = time.perf_counter() - start
    measured = _draw(project, items, measured, params.evaluate, predict)
    figures = _figures(measured, counts, params.evaluate) | (facts or {})
    if params.evaluate.fuse and predict_spot is not None:
        together = _measure_spots(items, project.dataset, params.evaluate, predict_spot, workers)
        found = fused.fused_figures(together, measured, params.evaluate.bootstrap, params.evaluate.seed)
        figures["fused"] = rounded(found)
    records.write_records(project.per_image, measured)
    pixels.write_counts(project.histogram, counts)
    with files.whole_folder(project.plots) as folder:
        plots.write_plots(folder, measured, counts)
    # Apart from the figures, which are the same on every run; how fast they came is not.
    speed = {
        "photos_per_s": round(len(items) / seconds, 1),
        "ms_median": round(float(np.median([record.ms for record in measured])), 2),
        "photos": len(items),
        "workers": workers,
        **(machine or {}),
    }
    files.write_json(project.evaluation / "speed.json", speed)
    files.write_json(project.metrics, figures)
    progress.result("evaluate", metrics=figures, speed=speed, pictures=str(project.pictures))
    return figures


def _test_items(project: Project) -> list[Item]:
    photos = {photo.photo: photo for photo in catalog.read_index(project.index)}
    items = []
    for row in manifest.read_manifest(project.split):
        if row.subset != SUBSET:
            continue
        if row.photo not in photos:
            raise DataError(
                f"the photo {row.photo} is in the split but not in the dataset",
                where=str(project.split),
                hint="tiles split",
            )
        items.append(Item(photos[row.photo], row.tile))
    if not items:
        raise DataError(
            "there is no test photo to measure on", where=str(project.split), hint="-S split.test=0.2, then tiles split"
        )
    return items


def _measure(
    items: Sequence[Item], dataset: Path, params: EvaluateParams, predict: Predict, workers: int
) -> tuple[list[Record], histogram.Int64]:
    def measure(item: Item) -> tuple[Record, histogram.Int64]:
        predicted = predict(dataset / item.photo.image)
        truth = catalog.read_mask(dataset, item.photo)
        return record_of(item, predicted, truth, params.iou), histogram.count(predicted.probability, truth)

    found: list[Record] = []
    counts = np.zeros((2, histogram.BINS), np.int64)
    results = overlap.ordered_map(measure, items, workers)
    for record, found_px in progress.track(results, "evaluate", len(items), "photos"):
        found.append(record)
        counts += found_px
    return found, counts


def _measure_spots(
    items: Sequence[Item], dataset: Path, params: EvaluateParams, predict_spot: PredictSpot, workers: int
) -> list[Record]:
    """The records of all photos, those of one tile judged together."""
    tiles: dict[str, list[Item]] = {}
    for item in items:
        tiles.setdefault(item.tile, []).append(item)

    def measure(spot: list[Item]) -> list[Record]:
        predictions = predict_spot([dataset / item.photo.image for item in spot])
        truths = [catalog.read_mask(dataset, item.photo) for item in spot]
        return [record_of(*each, params.iou) for each in zip(spot, predictions, truths, strict=True)]

    measured = overlap.ordered_map(measure, tiles.values(), workers)
    return [record for spot in progress.track(measured, "evaluate spots", len(tiles), "spots") for record in spot]


def record_of(item: Item, predicted: Predicted, truth: Uint8, iou: float) -> Record:
    """Count one prediction against its H×W true mask of 0 and 1."""
    if predicted.mask.shape != truth.shape:
        raise DataError(
            f"the prediction for {item.photo.photo} is {predicted.mask.shape}, its mask {truth.shape} (height, width)",
            hint="tiles fetch",
        )
    found = objects.match(truth, predicted.mask, iou)
    return Record(
        photo=item.photo.photo,
        tile=item.tile,
        defect=item.photo.defect,
        intersection_px=int(np.count_nonzero(truth & predicted.mask)),
        predicted_px=int(np.count_nonzero(predicted.mask)),
        true_px=int(np.count_nonzero(truth)),
        pixels=truth.size,
        score=float(predicted.score),
        verdict=predicted.verdict,
        defects=found.defects,
        found=found.found,
        touched=found.touched,
        ms=predicted.ms,
        loss=histogram.cross_entropy(predicted.probability, truth),
    )


def _figures(measured: Sequence[Record], counts: histogram.Int64, params: EvaluateParams) -> dict[str, Any]:
    figures = metrics.summary(measured, counts)
    per_defect = figures.pop("per_defect")
    found = bootstrap.intervals(measured, params.bootstrap, params.seed)
    for name, short in _CI_NAMES.items():
        low, high = found.get(name, (None, None))
        figures |= {f"{short}_ci_low": low, f"{short}_ci_high": high}
    figures["intervals"] = {name: {"low": low, "high": high} for name, (low, high) in found.items()}
    figures["iou"] = params.iou
    figures["per_defect"] = per_defect
    return rounded(figures)


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """The same nested mapping with floats cut to the digits that are stored; NaN becomes None."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result[key] = rounded(value)
        elif isinstance(value, float):
            result[key] = round(value, _DIGITS) if np.isfinite(value) else None
        else:
            result[key] = value
    return result


def choose_pictures(measured: Sequence[Record], number: int, seed: int) -> dict[str, list[int]]:
    """Which photos to draw: indices under `worst`, `best` and `random`, `number` of each where there are as many.

    Worst: lowest Dice, of equals the one with the most wrong pixels; good photos with false alarms are among them.
    Best: highest Dice of the photos that do show defect pixels, as an empty mask on a good photo is no feat to look at.
    Of one tile's photos under several exposures one is enough, while there are other tiles.
    """
    order = sorted(range(len(measured)), key=lambda i: (measured[i].dice, -measured[i].wrong_px, measured[i].photo))
    worst = _first_of_each_tile(measured, [i for i in order if measured[i].wrong_px], number)
    found = [i for i in reversed(order) if measured[i].true_px and i not in worst]
    best = _first_of_each_tile(measured, found, number)
    rest = [i for i in range(len(measured)) if i not in {*worst, *best}]
    draw = np.random.default_rng(seed)
    random = sorted(draw.choice(rest, min(number, len(rest)), replace=False).tolist()) if rest else []
    return {"worst": worst, "best": best, "random": random}


def _first_of_each_tile(measured: Sequence[Record], order: Sequence[int], number: int) -> list[int]:
    """The first `number` of `order`; another photo of the same tile only where there are too few tiles."""
    seen: set[str] = set()
    first: list[int] = []
    again: list[int] = []
    for index in order:
        (again if measured[index].tile in seen else first).append(index)
        seen.add(measured[index].tile)
    chosen = {*[*first, *again][:number]}
    return [index for index in order if index in chosen]


def _draw(
    project: Project, items: Sequence[Item], measured: list[Record], params: EvaluateParams, predict: Predict
) -> list[Record]:
    """Draw the chosen photos; the records come back with the names of their pictures."""
    chosen = choose_pictures(measured, params.pictures, params.seed)
    plan = [(rank, place, index) for rank, found in chosen.items() for place, index in enumerate(found, 1)]
    drawn = list(measured)
    with files.whole_folder(project.pictures) as folder:
        for rank, place, index in progress.track(plan, "draw", unit="pictures"):
            photo, record = items[index].photo, measured[index]
            path = project.dataset / photo.image
            name = f"{rank}_{place:02d}_{photo.photo}.png"
            # Predicted again: keeping every mask would take memory for pictures of a few.
            image = overlays.panel(
                read_photo(path, 1),
                predict(path).mask,
                catalog.read_mask(project.dataset, photo),
                f"{photo.photo} · {photo.defect} · Dice {record.dice:.3f} · called {record.verdict}",
            )
            overlays.save(folder / name, image)
            drawn[index] = replace(record, picture=name)
    return drawn
