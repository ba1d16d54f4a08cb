"""A few validation photos as they were predicted at every validation: `training/pictures/`.

`index.json` says what there is: `threshold`; `photos` (name, defect, box [x, y, w, h] px); `plain`, the file of the
bare photos; `epochs` (epoch, file, dice of each photo). Every file is a strip of all photos side by side, one file per
validation: DVC keeps each file by itself, and many small ones would cost more than what is in them.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tilecli import files, lightning, palette, progress
from tilecli.data import marks
from tilecli.data.datamodule import PhotoBatch
from tilecli.data.photos import Held
from tilecli.data.preprocess import Uint8
from tilecli.learning.loggers import pictures
from tilecli.learning.loggers.pictures import Shown
from tilecli.learning.task import SegmentationTask
from tilecli.opencv import cv2

INDEX = "index.json"
STATE = "pictures"  # the key of our state in Lightning's checkpoint
_PLAIN = "photos.jpg"
_SMALL, _LARGE = 300, 360  # longest side of a photo, px
_GAP_PX = 8
_QUALITY = 88  # of JPEG


class EpochPictures(lightning.Callback):
    """Stands before `EpochEnd`, whose checkpoint says which pictures belong to the run.

    A disk that takes no pictures costs the pictures and no training.
    """

    def __init__(
        self,
        folder: Path,
        spare: Path,
        photos: Sequence[Held],
        *,
        most: int,
        done: int = 0,
        state: list[Any] | None = None,
    ) -> None:
        """Pictures of up to `most` of `photos` in `folder`, and until the run is over in `spare` as well.

        A resumed run goes on with those of its `done` epochs, which are the ones that `state`, ours in its checkpoint,
        knows: before an experiment runs again, DVC puts those of another training into `folder`, or none.
        """
        self._folder, self._spare = folder, spare
        self._chosen = [held.name for held in pictures.choose(photos, most)] if most else []
        self._defects = {held.name: held.defect for held in photos}
        self._drawn: dict[str, Shown] = {}
        self._index = _begin(folder, spare, done, self._chosen, state)

    def on_validation_start(self, *_: Any) -> None:
        """Forget the last validation's."""
        self._drawn = {}

    def on_validation_batch_end(self, _: lightning.Trainer, pl_module: lightning.LightningModule, *rest: Any) -> None:
        """Keep the chosen photos of this batch, as what is being validated predicted them."""
        assert isinstance(pl_module, SegmentationTask)  # noqa: S101 - for mypy; there is no other
        if self._chosen:
            batch = next(part for part in rest if isinstance(part, PhotoBatch))
            self._drawn |= {one.name: one for one in pictures.shown(batch.photos, pl_module.maps, self._chosen)}

    def on_train_epoch_end(self, _: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the strip, then the index that names it."""
        assert isinstance(pl_module, SegmentationTask)  # noqa: S101 - for mypy
        if not self._drawn:
            return
        seen = [self._drawn[name] for name in self._chosen]
        self._drawn = {}
        try:
            self._write(pl_module.epochs_done + 1, seen)
        except OSError as error:
            progress.warn(f"the pictures of epochs are given up, the training goes on without them: {error}")
            self._chosen = []

    def on_train_end(self, *_: Any) -> None:
        """There is nothing left to resume."""
        shutil.rmtree(self._spare, ignore_errors=True)

    def on_save_checkpoint(self, *args: Any) -> None:
        """Say which pictures are of this run."""
        content: dict[str, Any] = args[2]
        content[STATE] = list(self._index["epochs"])

    def _write(self, number: int, seen: Sequence[Shown]) -> None:
        small = [marks.presentable(one.photo, one.prediction, one.truth, _SMALL, _LARGE) for one in seen]
        if not self._index["photos"]:
            boxes = _boxes([photo.shape[:2] for photo, _, _ in small])
            self._index["photos"] = [
                {"name": one.name, "defect": self._defects[one.name], "box": box}
                for one, box in zip(seen, boxes, strict=True)
            ]
            self._index["plain"] = _PLAIN
            self._keep(_PLAIN, _strip([marks.as_rgb(photo) for photo, _, _ in small]))
        name = f"{number:05d}.jpg"
        self._keep(name, _strip([_marked(*one) for one in small]))
        dice = [round(_dice(one.truth, one.prediction), 4) for one in seen]
        self._index["epochs"].append({"epoch": number, "file": name, "dice": dice})
        for place in (self._spare, self._folder):
            files.write_json(place / INDEX, self._index)

    def _keep(self, name: str, image: Uint8) -> None:
        data = _encoded(image)
        for place in (self._spare, self._folder):
            with files.whole_file(place / name) as temporary:
                temporary.write_bytes(data)


def _begin(folder: Path, spare: Path, done: int, names: Sequence[str], state: list[Any] | None) -> dict[str, Any]:
    """The index to go on with after `done` epochs, written: the stage owes the folder, also where it is empty."""
    index: dict[str, Any] = {"threshold": pictures.THRESHOLD, "photos": [], "plain": None, "epochs": []}
    for place in (folder, spare) if state else ():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            before = json.loads((place / INDEX).read_text(encoding="utf-8"))
            # A run may have been killed between the pictures of an epoch and its checkpoint.
            epochs = [entry for entry in before["epochs"] if entry["epoch"] <= done]
            if epochs == state and [photo["name"] for photo in before["photos"]] == list(names):
                index = {**before, "epochs": epochs}
                break
    named = {index["plain"], *(entry["file"] for entry in index["epochs"])} - {None}
    folder.mkdir(parents=True, exist_ok=True)
    if index["epochs"] and place == spare:
        for name in named:
            shutil.copyfile(spare / name, folder / name)
    elif not index["epochs"]:
        shutil.rmtree(spare, ignore_errors=True)
    for path in folder.glob("*"):
        if path.name not in named:
            path.unlink()
    files.write_json(folder / INDEX, index)
    return index


def _marked(photo: Uint8, prediction: Uint8, truth: Uint8) -> Uint8:
    """The photo with the prediction filled and the truth outlined."""
    view = marks.as_rgb(photo)
    marks.fill(view, prediction, palette.DEFECT, palette.FILL)
    marks.ring(view, prediction, palette.DEFECT)
    marks.ring(view, truth, palette.TRUTH)
    return view


def _boxes(sizes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Where photos of these (height, width) lie in a strip: [x, y, w, h], px."""
    boxes, left = [], 0
    for height, width in sizes:
        boxes.append([left, 0, width, height])
        left += width + _GAP_PX
    return boxes


def _strip(views: Sequence[Uint8]) -> Uint8:
    boxes = _boxes([view.shape[:2] for view in views])
    strip = np.full((max(box[3] for box in boxes), boxes[-1][0] + boxes[-1][2], 3), 128, np.uint8)
    for view, (x, _, w, h) in zip(views, boxes, strict=True):
        strip[:h, x : x + w] = view
    return strip


def _encoded(image: Uint8) -> bytes:
    # Colours at full resolution: an outline is two pixels wide.
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        _QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[:, :, ::-1]), settings)
    return data.tobytes()


def _dice(truth: Uint8, prediction: Uint8) -> float:
    size = int(truth.sum()) + int(prediction.sum())
    return 2.0 * int((truth & prediction).sum()) / size if size else 1.0
