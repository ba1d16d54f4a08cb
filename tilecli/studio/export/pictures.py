"""The pictures of an export: each is written once, however many pages show it.

Marks are drawn alone, for the page to lay over the photo: so a run costs some kilobytes for each of its photos, and
all runs share the photos themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilecli import progress
from tilecli.errors import TilesError, UsageError
from tilecli.layout import Project
from tilecli.studio import gallery
from tilecli.studio.photos import drawing
from tilecli.studio.photos.answers import Answers
from tilecli.studio.photos.dataset import of_run
from tilecli.studio.photos.drawing import Kind
from tilecli.studio.runs import following
from tilecli.studio.runs.finding import Run

OF_RUN: tuple[Kind, ...] = ("thumbnail", "photo", "truth", "prediction", "probability", "error")
COMPARED: tuple[Kind, ...] = ("photo", "overlay")
Kept = dict[str, dict[str, str]]  # photo → kind → file of the export

_FOLDER = "pictures"
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}
# Bytes of what is drawn for each photo, as measured on the demo: of a run, and for all runs together.
_DRAWN, _SHARED = 10_000, 5_000
MB = 10**6


class Pictures:
    """Writes them into the folder `made`, and keeps count. UsageError once they are more than `most` bytes."""

    def __init__(self, project: Project, made: Path, most: int, task: progress.Task) -> None:
        self._project, self._made, self._most, self._task = project, made, most, task
        self._answers = Answers(project)
        self._files: dict[str, str] = {}  # what a picture is drawn from → its file
        self.count = self.size = 0

    def of_run(self, run: Run, photos: Sequence[str], kinds: Sequence[Kind]) -> tuple[Kept, dict[str, str]]:
        """The files of each photo, and in words why some are missing."""
        kept: Kept = {}
        why: dict[str, str] = {}
        for photo in photos:
            own = kept.setdefault(photo, {})
            for kind in kinds:
                try:
                    own[kind] = self._of_photo(run, photo, kind)
                except UsageError:
                    raise
                except TilesError as error:
                    why.setdefault(photo, ": ".join(filter(None, [error.message, error.hint])))
                self._task.advance()
        if why:
            words = f"{len(why)} of {len(photos)} photos of {run.name} lack pictures: {next(iter(why.values()))}"
            progress.warn(words)
        return kept, why

    def of_epochs(self, run: Run, index: Mapping[str, Any], folder: str) -> dict[str, Any]:
        """Write the strips of a run's validations into `folder`; returns the index of those that are there."""
        if not index:
            return {}
        written = set()
        for name in (index["plain"], *(entry["file"] for entry in index["epochs"])):
            path = following.picture(self._project, run, name)
            if path is None or Path(name).name != name:
                continue
            with contextlib.suppress(OSError):  # a training that starts afresh takes its pictures with it
                self._write(f"{folder}/{name}", path.read_bytes())
                written.add(name)
        epochs = [entry for entry in index["epochs"] if entry["file"] in written]
        return {**index, "epochs": epochs} if epochs and index["plain"] in written else {}

    def of_data(self, photos: Sequence[str], kinds: Sequence[gallery.Kind]) -> Kept:
        """Photos of the workspace's dataset with their masks outlined."""
        kept: Kept = {}
        for photo in photos:
            for kind in kinds:
                key = f"data {photo} {kind}"
                if key not in self._files:
                    made = gallery.picture(self._project, photo, kind)
                    if made is None:
                        continue
                    self._files[key] = self._write(f"{_FOLDER}/data-{len(self._files)}.jpg", made)
                kept.setdefault(photo, {})[kind] = self._files[key]
                self._task.advance()
        return kept

    def _of_photo(self, run: Run, photo: str, kind: Kind) -> str:
        dataset = of_run(self._project, run)
        bundle = self._answers.bundle_of(run) if kind in drawing.PREDICTED else ""
        key = drawing.named(kind, dataset, photo, bundle)
        if key not in self._files:
            data, media = drawing.draw_small(dataset, photo, kind, run, self._answers)
            self._files[key] = self._write(f"{_FOLDER}/{key[:20]}.{_ENDINGS[media]}", data)
        return self._files[key]

    def _write(self, place: str, data: bytes) -> str:
        self.count += 1
        self.size += len(data)
        if self.size > self._most:
            raise too_large(f"more than {self._most / MB:.0f} MB", self._most)
        path = self._made / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return place


def too_large(what: str, most: int) -> UsageError:
    """The error that says how to get less, or all of it."""
    return UsageError(
        f"the pictures are {what}, and {most / MB:.0f} MB are allowed",
        where="--limit",
        hint=f"fewer runs, --no-photos, or --limit {2 * most // MB} and more",
    )


def estimate(project: Project, shown: Mapping[str, tuple[Run, Sequence[str]]]) -> int:
    """About how many bytes the pictures of these runs' photos will be: name → run and its photos."""
    sizes: dict[str, int] = {}
    drawn = 0
    for run, photos in shown.values():
        drawn += _DRAWN * len(photos)
        with contextlib.suppress(TilesError):  # said when they are drawn
            dataset = of_run(project, run)
            for name in photos:
                content = dataset.contents.get(name)
                if content and content not in sizes:
                    with contextlib.suppress(OSError):
                        sizes[content] = Path(dataset.photos[name].image).stat().st_size + _SHARED
    return drawn + sum(sizes.values())
