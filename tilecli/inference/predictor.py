"""From a photo to a verdict with a bundle and an engine. NumPy, OpenCV and the engine only: no torch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tilecli import overlap
from tilecli.data.preprocess import Float32, Uint8, read_photo, to_input, to_photo
from tilecli.errors import DataError, ModelError, UsageError
from tilecli.inference import flips, types, windows
from tilecli.inference.bundle import Bundle, read_bundle
from tilecli.inference.bundle_reader import EXPORT
from tilecli.inference.engines import Engine, open_engine
from tilecli.inference.regions import Region, Verdict, find_regions, score_of, verdict_of


@dataclass(frozen=True)
class Prediction:
    """What the bundle says about one photo."""

    mask: Uint8  # H×W at the photo's own size, 1 where defect
    probability: Float32  # H×W, 0–1
    verdict: Verdict
    defect_share: float  # of the photo's pixels, 0–1
    regions: list[Region]  # the largest first; also on photos that are called good
    score: float  # see `regions.score_of`
    ms: float  # wall time, with reading where the photo was read from a file
    together: int = 1  # photos of one spot that this rests on, see `fusion.judge_spot`
    likeliest: Uint8 | None = None  # H×W: number, from 1, of each pixel's likeliest class; None where none are told
    type: str | None = None  # the class of most of the mask's pixels; None where nothing is marked or none are told

    @property
    def types(self) -> Uint8 | None:
        """H×W: number, from 1, of the class that each pixel of the mask shows, else 0; None where none are told."""
        return None if self.likeliest is None else self.mask * self.likeliest


class Predictor:
    """A bundle in an engine. May be used from several threads at once."""

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        threshold: float | None = None,
        verdict_threshold: float | None = None,
        uncertain_from: float | None = None,
    ) -> None:
        """engine: runs the bundle's model; here it is asked about as many copies of a photo as the bundle says.

        threshold, verdict_threshold, uncertain_from: other than the bundle's. Without one for verdicts, the bundle's
        is raised to that of pixels, so that a defective photo is always one with something marked."""
        self.bundle = bundle
        self.engine = flips.averaged(engine, bundle.flips)
        self.threshold = bundle.threshold if threshold is None else threshold
        if verdict_threshold is None:
            verdict_threshold = max(self.threshold, bundle.verdict_threshold)
        self.verdict_threshold = verdict_threshold
        lower = bundle.uncertain_from if uncertain_from is None else uncertain_from
        # A band that nothing can fall into is none.
        self.uncertain_from = lower if lower is not None and lower < verdict_threshold else None
        for where, value in (
            ("--threshold", self.threshold),
            ("--verdict-threshold", verdict_threshold),
            ("--uncertain-from", 0.5 if uncertain_from is None else uncertain_from),
        ):
            if not 0.0 < value < 1.0:
                raise UsageError(f"the threshold {value:g} is not between 0 and 1", where=where)

    def probability(self, photo: Uint8) -> Float32:
        """H×W×C uint8 (C as the bundle's input says) → H×W float32 probability of defect."""
        return types.defect_map(self.maps(photo))

    def maps(self, photo: Uint8) -> Float32:
        """H×W×C uint8 → K×H×W float32 probabilities, one map for each of the bundle's classes."""
        if photo.ndim != 3 or photo.shape[2] != self.bundle.input.channels:
            raise DataError(f"expected a photo of H×W×{self.bundle.input.channels}, got {photo.shape}")
        values, placement = to_input(photo, self.bundle.input)
        found = windows.run(self.engine, values, self.bundle.input.multiple)
        if len(found) != len(self.bundle.classes):
            raise ModelError(
                f"the model gives {len(found)} maps, the bundle names {len(self.bundle.classes)} classes",
                where=str(self.bundle.folder),
                hint=EXPORT,
            )
        placed = [to_photo(values, placement) for values in found]
        return placed[0][None] if len(placed) == 1 else np.stack(placed)

    def predict(self, photo: Uint8) -> Prediction:
        """Probability, mask, regions and verdict of an H×W×C uint8 photo."""
        start = time.perf_counter()
        prediction = self.judge(self.maps(photo))
        return replace(prediction, ms=(time.perf_counter() - start) * 1e3)

    def judge(self, maps: Float32, score: float | None = None) -> Prediction:
        """What K×H×W probabilities of types say at this predictor's thresholds, or an H×W one of defect.

        score: of more than these maps show.
        """
        probability = types.defect_map(maps)
        mask = np.asarray(probability >= np.float32(self.threshold), np.uint8)
        score = score_of(probability, self.bundle.min_area_px) if score is None else score
        prediction = Prediction(
            mask=mask,
            probability=probability,
            verdict=verdict_of(score, self.verdict_threshold, self.uncertain_from),
            defect_share=float(mask.mean()),
            regions=find_regions(mask, probability),
            score=score,
            ms=0.0,
        )
        if not self.bundle.tells_types:
            return prediction
        classes = self.bundle.classes
        of_types = maps.reshape(-1, *mask.shape)
        named = types.name_regions(prediction.regions, mask, of_types, classes)
        likeliest = types.likeliest(of_types)
        return replace(prediction, regions=named, likeliest=likeliest, type=types.main_type(mask * likeliest, classes))

    def predict_file(self, path: Path) -> Prediction:
        """`predict` for an image file, upright; raises DataError that names the file where it cannot be read."""
        start = time.perf_counter()
        prediction = self.predict(read_photo(path, self.bundle.input.channels))
        return replace(prediction, ms=(time.perf_counter() - start) * 1e3)

    @property
    def workers(self) -> int:
        """How many threads keep the engine busy: one for each of its streams, and one that reads and measures."""
        return self.engine.streams + 1

    def predict_files(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        """`predict_file` for many, in order, with reading and inference side by side."""
        return overlap.ordered_map(self.predict_file, paths, self.workers)


def open_predictor(
    folder: Path,
    engine: str = "openvino",
    threshold: float | None = None,
    verdict_threshold: float | None = None,
    uncertain_from: float | None = None,
    precision: str | None = None,
    threads: int | None = None,
    *,
    throughput: bool = False,
    keep_compiled: bool = True,
) -> Predictor:
    """The bundle in `folder`, ready to predict; arguments as in `open_engine` and `Predictor`."""
    bundle = read_bundle(folder)
    opened = open_engine(bundle, engine, precision, threads, throughput=throughput, keep_compiled=keep_compiled)
    return Predictor(bundle, opened, threshold, verdict_threshold, uncertain_from)
