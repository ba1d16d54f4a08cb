"""A bundle's self-test: a stored photo and the mask that the deployed model gave for it at export.

Whoever loads the bundle, on whatever machine, can ask whether it still answers as it did when it was measured.

What may differ was measured on a trained network (compactunet on the sample, 48 photos of defects). ONNX Runtime for
OpenVINO, bf16 for f32 and int8 in the one engine for the other moved at most 0.3 % of a photo's marked pixels across
the threshold by more than 0.1 in the logit, and under 0.2 % by more than 0.25. Input normalised with a mean that is
wrong by 0.02 moved 2 % of all by more than 0.25, weights off by 5 % moved 4 %, another scale 29 %.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli import files, overlap, progress
from tilecli.data.catalog import decode_mask, encode_mask
from tilecli.data.preprocess import Float32, Uint8, read_photo
from tilecli.errors import DataError, ModelError
from tilecli.inference.bundle import Bundle, SelfTest
from tilecli.inference.bundle_reader import EXPORT
from tilecli.inference.predictor import Predictor
from tilecli.opencv import cv2

CANDIDATES = 64  # photos that are worth trying for the most telling one
_ROUNDING = 0.25  # in the logit before calibration: how far beyond the threshold rounding alone may push a pixel
_SHARE, _FEW_PX = 0.01, 4  # of the marked pixels, and for small defects: how many may be pushed farther
_REACH = 2.0  # in the logit beyond `_ROUNDING`: what a model or an input that is slightly wrong would push across
_SIDE = 512  # px; of a larger photo a part is stored, so that the test takes a fraction of a second
_MOST_MARKED = 0.5  # of a photo's pixels; where more is marked, little says what is to be left unmarked


@dataclass(frozen=True)
class SelfTestResult:
    """What the self-test found."""

    dice: float  # between the stored mask and today's, rounding included; 1 where both are empty
    differing_px: int  # pixels on the other side of the threshold by more than rounding explains
    marked_px: int  # of the stored mask
    ms: float  # wall time
    problem: str = ""  # why the bundle does not answer as it did; empty where it does

    @property
    def passed(self) -> bool:
        """Whether the bundle answers as it did at export."""
        return not self.problem


def run_self_test(predictor: Predictor, *, required: bool = False) -> SelfTestResult | None:
    """Compare the bundle, as `predictor`'s engine runs it, with its stored mask, at the bundle's own threshold.

    It has passed where model.onnx, photo and mask are the files that were exported, the threshold is the mask's, and
    at most 1 % of the marked pixels (but always 4) have changed sides by more than 0.25 in the logit.

    None where the bundle is older than self-tests; ModelError then if one is `required`, and where its files are
    missing or no images.
    """
    bundle, start = predictor.bundle, time.perf_counter()
    facts = bundle.self_test
    if facts is None:
        if required:
            raise ModelError("this bundle has no self-test", where=str(bundle.folder), hint=EXPORT)
        return None
    photo, expected = _read(bundle, facts)
    logits = _logit(predictor.probability(photo))
    limit = _logit(np.asarray([bundle.threshold], np.float32))[0]
    found = logits >= limit
    # NaN is on neither side of a threshold.
    far = np.abs(logits - limit) * bundle.calibration.temperature > _ROUNDING
    wrong = int(np.count_nonzero((found != expected) & far | np.isnan(logits)))
    marked, both = int(expected.sum()), int(found.sum() + expected.sum())
    result = SelfTestResult(
        dice=2 * int((found & expected).sum()) / both if both else 1.0,
        differing_px=wrong,
        marked_px=marked,
        ms=(time.perf_counter() - start) * 1e3,
    )
    problem = _tampered(bundle, facts)
    if not problem and wrong > _allowed(marked):
        problem = (
            f"{wrong} px differ from the stored mask by more than rounding, which marks {marked} px; "
            f"at most {_allowed(marked)} may"
        )
    return replace(result, problem=problem, ms=(time.perf_counter() - start) * 1e3)


def write_self_test(predictor: Predictor, paths: Sequence[Path]) -> SelfTest:
    """Store the most telling of the photos at `paths`, at least one, and its mask in the bundle's folder.

    That is one on which the model marks something, and where the most pixels lie so close to the threshold that a
    model or an input slightly wrong would carry them across.
    """
    bundle = predictor.bundle

    def judge(path: Path) -> tuple[float, Uint8]:
        photo = read_photo(path, bundle.input.channels)
        part = _cut(photo, predictor.probability(photo) >= np.float32(bundle.threshold))
        return _telling(predictor.probability(part), bundle), part

    tried = overlap.ordered_map(judge, paths, predictor.workers)
    best, photo = -2.0, None
    for value, part in progress.track(tried, "choose the self-test's photo", len(paths), "photos"):
        if value > best:
            best, photo = value, part
    if photo is None:
        raise DataError("there is no photo to make a self-test of")
    if best < 0:
        progress.warn(
            "the model marks nothing, or almost all, on every photo tried: the bundle's self-test is a weak one"
        )
    mask = np.asarray(predictor.probability(photo) >= np.float32(bundle.threshold), np.uint8)
    facts = SelfTest(threshold=bundle.threshold, marked_px=int(mask.sum()))
    for name, data in ((facts.photo, _encode(photo)), (facts.mask, encode_mask(mask))):
        with files.whole_file(bundle.folder / name) as temporary:
            temporary.write_bytes(data)
    return replace(
        facts,
        photo_sha256=files.sha256(bundle.folder / facts.photo),
        mask_sha256=files.sha256(bundle.folder / facts.mask),
    )


def _tampered(bundle: Bundle, facts: SelfTest) -> str:
    """Which part of the bundle is not the one that was exported, in words; empty where all are."""
    if abs(bundle.threshold - facts.threshold) > 1e-9:
        return f"the bundle's threshold is {bundle.threshold:g}, its stored mask was made at {facts.threshold:g}"
    for path, wanted in (
        (bundle.model, bundle.model_sha256),
        (bundle.folder / facts.photo, facts.photo_sha256),
        (bundle.folder / facts.mask, facts.mask_sha256),
    ):
        if wanted and files.sha256(path) != wanted:
            return f"{path.name} is not the file that was exported"
    return ""


def _read(bundle: Bundle, facts: SelfTest) -> tuple[Uint8, npt.NDArray[np.bool_]]:
    """The stored photo, H×W×C, and its mask, H×W."""
    path = bundle.folder / facts.mask
    try:
        photo = read_photo(bundle.folder / facts.photo, bundle.input.channels)
        mask, _ = decode_mask(path.read_bytes(), str(path))
    except (OSError, DataError) as error:
        raise ModelError(f"the self-test cannot be read: {error}", where=str(bundle.folder), hint=EXPORT) from error
    if photo.shape[:2] != mask.shape:
        raise ModelError("the self-test's photo and mask differ in size", where=str(bundle.folder), hint=EXPORT)
    return photo, mask > 0


def _cut(photo: Uint8, marked: npt.NDArray[np.bool_]) -> Uint8:
    """At most `_SIDE`×`_SIDE` px of an H×W×C photo, around the middle of what is marked, else of the photo."""
    rows, columns = np.nonzero(marked)
    middle = (
        (int(np.median(rows)), int(np.median(columns))) if rows.size else (photo.shape[0] // 2, photo.shape[1] // 2)
    )
    top, left = (max(0, min(at - _SIDE // 2, size - _SIDE)) for at, size in zip(middle, photo.shape, strict=False))
    return np.ascontiguousarray(photo[top : top + _SIDE, left : left + _SIDE])


def _telling(probability: Float32, bundle: Bundle) -> float:
    """Pixels that a slight change would carry across the threshold, per pixel that may change; −1 where nothing is
    marked or too much.
    """
    logits = _logit(probability)
    away = np.abs(logits - _logit(np.asarray([bundle.threshold], np.float32)))
    distance = away * bundle.calibration.temperature
    marked = int(np.count_nonzero(probability >= np.float32(bundle.threshold)))
    if not 0 < marked <= _MOST_MARKED * probability.size:
        return -1.0
    movable = np.count_nonzero((distance > _ROUNDING) & (distance <= _ROUNDING + _REACH))
    return float(movable) / _allowed(marked)


def _allowed(marked: int) -> int:
    return max(_FEW_PX, int(_SHARE * marked))


def _logit(probability: Float32) -> npt.NDArray[np.float64]:
    p = np.clip(np.asarray(probability, np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p / (1 - p)), np.float64)


def _encode(photo: Uint8) -> bytes:
    """H×W×C uint8 → PNG."""
    done, data = cv2.imencode(".png", photo[:, :, ::-1] if photo.shape[2] == 3 else photo)
    if not done:
        raise DataError("the self-test's photo cannot be written as PNG")
    return bytes(data)
