"""One photo from bytes to a finding, in a thread of its own, with the time that each step takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tilecli.data.preprocess import InputContract, Uint8, decode_photo, input_size
from tilecli.errors import DataError
from tilecli.inference.predictor import Prediction
from tilecli.serving import problems
from tilecli.serving.door.images import check_image
from tilecli.serving.door.uploads import Part
from tilecli.serving.model.live import Loaded
from tilecli.serving.problems import Problem

_PADDED = 1.25  # padding makes every photo larger, and large ones only a little


@dataclass
class Found:
    """What the model says about one upload."""

    loaded: Loaded
    name: str  # of the file, as the client says
    data: bytes  # as uploaded
    format: str
    photo: Uint8  # H×W×C, as the network takes it
    prediction: Prediction
    timings_ms: dict[str, float] = field(default_factory=dict)  # queue, decode, infer


def analyse(loaded: Loaded, part: Part, max_pixels: int, waited_s: float = 0.0) -> Found:
    """Check, decode, predict. Raises Problem (400, 413, 415) for an upload that is no photo to take."""
    begun = time.perf_counter()
    data, name = part.data, f"'{part.name}'" if part.name else "the photo"
    kind = check_image(data, max_pixels, name)
    try:
        photo = decode_photo(data, loaded.bundle.input.channels, name)
    except DataError as error:
        raise Problem(problems.BROKEN_IMAGE, f"{name} is a broken {kind.upper()} file: {error.message}") from error
    _check_input(photo, loaded.bundle.input, max_pixels, name)
    decoded = time.perf_counter()
    prediction = loaded.predictor.predict(photo)
    timings = {"queue": waited_s * 1e3, "decode": (decoded - begun) * 1e3, "infer": prediction.ms}
    return Found(loaded, part.name, data, kind, photo, prediction, timings)


def _check_input(photo: Uint8, contract: InputContract, max_pixels: int, name: str) -> None:
    """Raise Problem (413) where the network would see many more pixels than a photo may have.

    A strip of 1 × 3,000 px is 224 × 672,000 px once its short side is scaled to 224 px.
    """
    height, width = photo.shape[:2]
    high, wide = input_size(height, width, contract)
    if high * wide > _PADDED * max_pixels:
        raise Problem(
            problems.TOO_MANY_PIXELS,
            f"{name} has {width:,} × {height:,} px, which the network would see as {wide:,} × {high:,} px; "
            f"up to {max_pixels:,} px in all are taken",
            "send a part of it that is less long",
        )
