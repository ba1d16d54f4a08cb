"""Predictions counted against the true masks: a record per photo, photos taken one by one or spot by spot.

What runs the bundle is handed in as a function, so that nothing here knows of engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from tilecli import histogram, overlap, progress
from tilecli.config import EvaluateParams
from tilecli.data import catalog
from tilecli.data.catalog import Photo
from tilecli.data.classlist import read_types
from tilecli.data.preprocess import Float32, Uint8
from tilecli.errors import DataError
from tilecli.evaluation import by_type, objects
from tilecli.evaluation.records import Record
from tilecli.layout import GOOD


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

    @property
    def types(self) -> Uint8 | None:
        """H×W: number, from 1, of the class that a pixel of the mask shows; None where none are told apart."""

    @property
    def type(self) -> str | None:
        """The class of most of the mask's pixels; None where nothing is marked or none are told apart."""


Predict = Callable[[Path], Predicted]
PredictSpot = Callable[[Sequence[Path]], Sequence[Predicted]]


@dataclass(frozen=True)
class Item:
    """A test photo and the tile it shows."""

    photo: Photo
    tile: str


def measure_photos(
    items: Sequence[Item],
    dataset: Path,
    params: EvaluateParams,
    predict: Predict,
    workers: int,
    classes: Sequence[str] = (),
) -> tuple[list[Record], histogram.Int64]:
    """A record of each photo, and the 2×BINS pixels of all of them. `classes`: that are told apart."""

    def measure(item: Item) -> tuple[Record, histogram.Int64]:
        predicted = predict(dataset / item.photo.image)
        truth = catalog.read_mask(dataset, item.photo)
        record = record_of(item, predicted, truth, params.iou)
        return add_types(record, item, predicted, dataset, classes), histogram.count(predicted.probability, truth)

    found: list[Record] = []
    counts = np.zeros((2, histogram.BINS), np.int64)
    results = overlap.ordered_map(measure, items, workers)
    for record, found_px in progress.track(results, "evaluate", len(items), "photos"):
        found.append(record)
        counts += found_px
    return found, counts


def measure_spots(
    items: Sequence[Item],
    dataset: Path,
    params: EvaluateParams,
    predict_spot: PredictSpot,
    workers: int,
    classes: Sequence[str] = (),
) -> list[Record]:
    """The records of all photos, those of one tile judged together."""
    tiles: dict[str, list[Item]] = {}
    for item in items:
        tiles.setdefault(item.tile, []).append(item)

    def measure(spot: list[Item]) -> list[Record]:
        predictions = predict_spot([dataset / item.photo.image for item in spot])
        truths = [catalog.read_mask(dataset, item.photo) for item in spot]
        return [
            add_types(record_of(item, predicted, truth, params.iou), item, predicted, dataset, classes)
            for item, predicted, truth in zip(spot, predictions, truths, strict=True)
        ]

    measured = overlap.ordered_map(measure, tiles.values(), workers)
    return [record for spot in progress.track(measured, "evaluate spots", len(tiles), "spots") for record in spot]


def add_types(record: Record, item: Item, predicted: Predicted, dataset: Path, classes: Sequence[str]) -> Record:
    """The record with what its pixels are and what they were taken for; as it is where no types are told apart."""
    if not classes or predicted.types is None:
        return record
    truth = read_types(dataset, item.photo, classes)
    called = GOOD if predicted.verdict == GOOD else predicted.type or GOOD
    return replace(record, type_predicted=called, type_pixels=by_type.pack(truth, predicted.types, classes))


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
