"""What bundles say of photos, made when somebody looks, and kept on disk by the hashes of both.

OpenVINO alone, one photo at a time and on half of the cores: a training beside it must not be slowed down for long.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tilecli import files, hardware
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.errors import DataError, ProjectError
from tilecli.experiments.reading import dvccache
from tilecli.experiments.reading.snapshot import Output
from tilecli.layout import Project
from tilecli.opencv import cv2
from tilecli.studio.runs.finding import Run
from tilecli.studio.runs.following import tracked

if TYPE_CHECKING:
    from tilecli.inference.predictor import Predictor

_OPEN = 2  # models at a time; one of 1 M parameters takes about 30 MB
_KEPT = 4000  # answers on disk, of some 15 kB each
_TIDY_EVERY = 200  # answers


@dataclass(frozen=True)
class Answer:
    """What a bundle says of one photo, at the photo's own size."""

    mask: Uint8  # H×W of 0 and 1
    types: Uint8  # H×W: number of each marked pixel's class, from 1; all 0 where the bundle tells none
    probability: Uint8  # H×W, in 255ths


class Answers:
    """Asks bundles, and remembers. For several threads."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.scratch / "studio" / "answers"
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Predictor] = OrderedDict()
        self._written = 0

    def bundle_of(self, run: Run) -> str:
        """The hash of the run's bundle. ProjectError where it has none."""
        inside = self._project.bundle.relative_to(self._project.root).as_posix()
        md5 = tracked(run.at or self._project, run.record.rev).get(inside, "")
        if not md5:
            raise ProjectError(f"'{run.name}' has no model, so it predicts nothing", hint="tiles export")
        return md5

    def ask(self, bundle: str, photo: Path, content: str) -> Answer:
        """What the bundle with this hash says of the photo in the file `photo`, whose hash is in `content`.

        ProjectError where the cache has the bundle not, ModelError where it cannot be used, DataError where the photo
        cannot be read.
        """
        path = self._folder / f"{hashlib.sha256(f'{bundle} {content}'.encode()).hexdigest()[:40]}.png"
        kept = _read(path)
        if kept is not None:
            return kept
        with self._lock:
            kept = _read(path)  # by another thread, meanwhile
            if kept is not None:
                return kept
            predictor = self._predictor(bundle)
            found = predictor.predict(read_photo(photo, predictor.bundle.input.channels))
            probability = np.rint(found.probability * 255).astype(np.uint8)
            types = found.types if found.types is not None else np.zeros_like(found.mask)
            answer = Answer(found.mask, types, probability)
            self._keep(path, answer)
        return answer

    def classes(self, bundle: str) -> tuple[str, ...]:
        """The types that a bundle tells apart; none where it tells defect and good apart alone."""
        with self._lock:
            opened = self._predictor(bundle).bundle
        return opened.classes if opened.tells_types else ()

    def _predictor(self, bundle: str) -> Predictor:
        if bundle in self._open:
            self._open.move_to_end(bundle)
            return self._open[bundle]
        from tilecli.inference.predictor import open_predictor

        output = Output("models/bundle", bundle, 0, "")
        cache = dvccache.of(self._project)
        if cache.missing([output]):
            raise ProjectError("the model is not in DVC's cache", hint="tiles exp pull fetches it from a remote")
        while len(self._open) >= _OPEN:
            self._open.popitem(last=False)
        scratch = self._project.scratch
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch, prefix="bundle-") as folder:
            cache.restore(output, Path(folder) / "bundle", linked=True)
            threads = max(1, hardware.usable_cores() // 2)
            # Not kept compiled: those few places are for `tiles predict` and `tiles serve`.
            opened = open_predictor(Path(folder) / "bundle", threads=threads, keep_compiled=False)
        self._open[bundle] = opened
        return opened

    def _keep(self, path: Path, answer: Answer) -> None:
        _, data = cv2.imencode(".png", np.dstack([answer.mask, answer.types, answer.probability]))
        with contextlib.suppress(OSError):  # a full disk costs time, no answer
            with files.whole_file(path) as temporary:
                temporary.write_bytes(data.tobytes())
            self._written += 1
            if self._written % _TIDY_EVERY == 1:
                alike = sorted(self._folder.glob("*.png"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
                for old in alike[_KEPT:]:
                    old.unlink(missing_ok=True)


def _read(path: Path) -> Answer | None:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        return None
    planes = np.asarray(image, np.uint8)
    return Answer(*(np.ascontiguousarray(planes[:, :, number]) for number in range(3)))


def check_size(answer: Answer, truth: Uint8) -> None:
    """Raise DataError where the answer is of another size than the mask."""
    if answer.mask.shape != truth.shape:
        raise DataError("the prediction and the mask differ in size")
