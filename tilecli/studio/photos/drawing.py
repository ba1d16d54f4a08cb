"""One photo of a run as a picture: KINDS says which there are. Colours are those of all overlays of tiles.

`draw` puts the marks onto the photo; `draw_small` draws them alone, for who lays them over the photo himself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from tilecli import palette
from tilecli.data import marks
from tilecli.data.classlist import read_classes, read_truth
from tilecli.data.index import Photo
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.errors import DataError
from tilecli.evaluation import overlays, type_overlays
from tilecli.opencv import cv2
from tilecli.studio.photos.answers import Answers, check_size
from tilecli.studio.photos.dataset import Dataset, photo_of
from tilecli.studio.runs.finding import Run

Kind = Literal["thumbnail", "photo", "overlay", "truth", "prediction", "probability", "error"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PREDICTED: tuple[Kind, ...] = ("overlay", "prediction", "probability", "error")  # they ask the run's model
MARKED: tuple[Kind, ...] = ("overlay", "truth", "prediction", "error")  # marks on a photo
VERSION = 1  # of how pictures are drawn; part of what browsers keep them by

_THUMBNAIL_PX = 144  # longest side
_LEAST_PX = 640  # longest side of a picture with marks on it
_MOST_PNG = 2_000_000  # px; a larger picture would take megabytes without loss
_SENT_AS_THEY_ARE = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}  # first bytes → what a browser calls it
# Of a probability from 0 to 1.
_RAMP = (palette.DARK["bg"], palette.mix(palette.DARK["bg"], palette.DEFECT, 0.55), palette.DEFECT, "#FFF1D6")


def named(kind: Kind, dataset: Dataset, name: str, bundle: str) -> str:
    """Hex digits that differ where the picture would. bundle: the hash of the run's, of which PREDICTED are."""
    asked = bundle if kind in PREDICTED else ""
    classes = dataset.md5 if kind in MARKED else ""  # whose colours they are in
    known = f"{VERSION} {kind} {asked} {classes} {dataset.contents.get(name, '')}"
    return hashlib.sha256(known.encode()).hexdigest()[:32]


def draw(dataset: Dataset, name: str, kind: Kind, run: Run, answers: Answers) -> tuple[bytes, str]:
    """(bytes, media type) of the picture. Errors as `dataset.photo_of` and `Answers.ask`."""
    photo = photo_of(dataset, name)
    path = Path(photo.image)
    if kind == "thumbnail":
        return _thumbnail(read_photo(path, 3))
    if kind == "photo":
        return _as_it_is(path)
    if kind == "probability":
        return _encoded(_probability(dataset, photo, run, answers))
    return _encoded(_marks(dataset, name, kind, run, answers)[0](_enlarged(read_photo(path, 3))))


def draw_small(dataset: Dataset, name: str, kind: Kind, run: Run, answers: Answers) -> tuple[bytes, str]:
    """As `draw`, in a twentieth of the bytes: those of MARKED are transparent beside their marks, so that laid over the
    photo they are what `draw` makes; probabilities are a JPEG.
    """
    if kind == "probability":
        return _jpeg(_probability(dataset, photo_of(dataset, name), run, answers), 90)
    if kind not in MARKED:
        return draw(dataset, name, kind, run, answers)
    marked, (height, width) = _marks(dataset, name, kind, run, answers)
    dark, light = (marked(np.full((height, width, 3), grey, np.uint8)) for grey in (0, 255))
    # Every mark is a share of its colour and a share of what lies below it: two grounds tell both.
    opacity = 255 - (light[:, :, 1] - dark[:, :, 1])
    inside = opacity > 0
    layer = np.zeros((height, width, 4), np.uint8)
    layer[:, :, 3] = opacity
    colours = dark[inside][:, ::-1] * (255 / opacity[inside])[:, None]
    layer[inside, :3] = np.rint(np.minimum(colours, 255))
    return _png(layer, 6), "image/png"


def _probability(dataset: Dataset, photo: Photo, run: Run, answers: Answers) -> Uint8:
    answer = answers.ask(answers.bundle_of(run), Path(photo.image), _content(dataset, photo.photo))
    return np.asarray(_ramp()[answer.probability], np.uint8)


def _marks(
    dataset: Dataset, name: str, kind: Kind, run: Run, answers: Answers
) -> tuple[Callable[[Uint8], Uint8], tuple[int, int]]:
    """What draws the marks of that kind onto a photo as `_enlarged` makes it, and the height and width of that."""
    photo = photo_of(dataset, name)
    classes = read_classes(dataset.folder / "classes.json")
    truth = read_truth(dataset.folder, photo, classes)
    if kind == "truth":
        whole = _enlarged(truth)
        return lambda pixels: type_overlays.overlay(pixels, whole) if classes else _truth(pixels, whole), whole.shape
    answer = answers.ask(answers.bundle_of(run), Path(photo.image), _content(dataset, name))
    check_size(answer, truth)
    mask, types, true = (_enlarged(plane) for plane in (answer.mask, answer.types, np.minimum(truth, np.uint8(1))))

    def marked(pixels: Uint8) -> Uint8:
        if kind == "error":
            return overlays.error_map(pixels, mask, true)
        image = type_overlays.overlay(pixels, types) if types.any() else overlays.overlay(pixels, mask)
        if kind == "overlay":
            marks.ring(image, true, palette.TRUTH)
        return image

    return marked, mask.shape


def _content(dataset: Dataset, name: str) -> str:
    """The hash of the photo's picture."""
    return dataset.contents[name].partition("-")[0]


def _enlarged(image: Uint8) -> Uint8:
    """A small photo or mask grown by a whole factor, so that outlines on it are fine lines."""
    factor = max(1, round(_LEAST_PX / max(image.shape[:2])))
    return np.ascontiguousarray(image.repeat(factor, axis=0).repeat(factor, axis=1))


def _truth(pixels: Uint8, truth: Uint8) -> Uint8:
    image = marks.as_rgb(pixels)
    marks.fill(image, truth, palette.TRUTH, palette.FILL)
    marks.ring(image, truth, palette.TRUTH)
    return image


@lru_cache(maxsize=1)
def _ramp() -> Uint8:
    return ramp(_RAMP)


def ramp(colours: Sequence[str]) -> Uint8:
    """256×3 RGB: `colours` at equal distances, mixed between."""
    places = np.linspace(0, 255, len(colours))
    parts = np.asarray([palette.rgb(colour) for colour in colours], float)
    columns = [np.interp(np.arange(256), places, parts[:, channel]) for channel in range(3)]
    return np.asarray(np.rint(np.stack(columns, axis=1)), np.uint8)


def _as_it_is(path: Path) -> tuple[bytes, str]:
    """The file itself where browsers show its kind, else a PNG of it."""
    data = path.read_bytes()
    for start, media in _SENT_AS_THEY_ARE.items():
        if data.startswith(start):
            return data, media
    return _encoded(read_photo(path, 3))


def _thumbnail(pixels: Uint8) -> tuple[bytes, str]:
    height, width = pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _jpeg(small, 85)


def _encoded(image: Uint8) -> tuple[bytes, str]:
    if image.shape[0] * image.shape[1] > _MOST_PNG:
        return _jpeg(image, 92)
    # Level 1: a third larger than the best, and made in a fifth of the time.
    return _png(image[:, :, ::-1], 1), "image/png"


def _png(image: Uint8, level: int) -> bytes:
    """level: of compression, 0–9."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(image), [cv2.IMWRITE_PNG_COMPRESSION, level])
    if not done:
        raise DataError("this picture cannot be written")
    return data.tobytes()


def _jpeg(image: Uint8, quality: int) -> tuple[bytes, str]:
    full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444  # colours too: an outline is two pixels wide
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image[:, :, ::-1]), settings)
    if not done:
        raise DataError("this picture cannot be written")
    return data.tobytes(), "image/jpeg"
