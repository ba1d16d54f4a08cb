"""The bundle measured on the test photos: figures, one row per photo, curves and pictures, written under evaluation/.

How a prediction is counted is in `tilecli.evaluation.counting`, what the figures are in `tilecli.evaluation.metrics`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tilecli import files, histogram, progress
from tilecli.config import EvaluateParams, Params
from tilecli.data import catalog, manifest
from tilecli.data.classlist import read_classes, read_types
from tilecli.data.preprocess import read_photo
from tilecli.errors import DataError
from tilecli.evaluation import bootstrap, fused, metrics, overlays, pixels, plots, records, type_overlays
from tilecli.evaluation.counting import Item, Predict, PredictSpot, measure_photos, measure_spots
from tilecli.evaluation.records import Record
from tilecli.layout import GOOD, Project

SUBSET = "test"
_CI_NAMES = {"dice_mean": "dice"}  # the interval that has keys of its own at the top: dice_ci_low, dice_ci_high
_DIGITS = 6  # of stored figures; more would be rounding noise in diffs


def evaluate(
    project: Project,
    params: Params,
    predict: Predict,
    *,
    predict_spot: PredictSpot | None = None,
    workers: int = 1,
    facts: dict[str, Any] | None = None,
    machine: dict[str, Any] | None = None,
    classes: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure `predict` on the test subset, write everything under evaluation/, return what metrics.json holds.

    predict: maps an image file to a prediction; called from `workers` threads at a time.
    predict_spot: maps the image files of one spot to a prediction each; needed where `evaluate.fuse` is set.
    classes: what it tells apart, in the order of its numbers; none where it tells defect and good apart alone.
    facts: goes into metrics.json as it is (threshold, precision); machine: into speed.json.

    Raises DataError where the test subset is empty or a prediction does not have its photo's size.
    """
    items = _test_items(project)
    known = _known_classes(items, project, classes) if classes else ()
    start = time.perf_counter()
    measured, counts = measure_photos(items, project.dataset, params.evaluate, predict, workers, known)
    seconds = time.perf_counter() - start
    measured = _draw(project, items, measured, params.evaluate, predict, known)
    figures = _figures(measured, counts, params.evaluate) | (facts or {})
    if params.evaluate.fuse and predict_spot is not None:
        together = measure_spots(items, project.dataset, params.evaluate, predict_spot, workers, known)
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


def _known_classes(items: Sequence[Item], project: Project, classes: Sequence[str]) -> list[str]:
    """`classes` and those besides that the test photos may show; what a bundle was not taught it cannot find."""
    there = {*(item.photo.defect for item in items), *read_classes(project.classes)} - {GOOD}
    new = sorted(there - set(classes))
    if new:
        progress.warn(f"the bundle was not taught the type {', '.join(new)}, which counts as not found")
    return [*classes, *new]


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
    project: Project,
    items: Sequence[Item],
    measured: list[Record],
    params: EvaluateParams,
    predict: Predict,
    classes: Sequence[str],
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
            predicted, pixels_of = predict(path), read_photo(path, 1)
            caption = f"{photo.photo} · {photo.defect} · Dice {record.dice:.3f} · called {record.verdict}"
            if classes and predicted.types is not None:
                truth = read_types(project.dataset, photo, classes)
                caption += "" if record.type_predicted == GOOD else f", {record.type_predicted}"
                image = type_overlays.panel(pixels_of, predicted.types, truth, classes, caption)
            else:
                truth = catalog.read_mask(project.dataset, photo)
                image = overlays.panel(pixels_of, predicted.mask, truth, caption)
            overlays.save(folder / name, image)
            drawn[index] = replace(record, picture=name)
    return drawn
