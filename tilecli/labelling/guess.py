"""What the project's own model says of photos that nobody has labelled: a mask to begin with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from tilecli import progress
from tilecli.data.preprocess import Uint8
from tilecli.errors import ModelError
from tilecli.labelling.task import Task
from tilecli.layout import Project

if TYPE_CHECKING:
    from tilecli.inference.predictor import Predictor


class Guesses:
    """Masks by the bundle of the project; empty ones where it has none. For several threads."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._opened = False
        self._predictor: Predictor | None = None

    def mask(self, task: Task) -> Uint8:
        """H×W of 0 and 1; empty too where the model finds the photo good. DataError where it cannot be read."""
        predictor = self._open()
        if predictor is None:
            return np.zeros(task.shape, np.uint8)
        prediction = predictor.predict(task.pixels(predictor.bundle.input.channels))
        return prediction.mask if prediction.verdict != "good" else np.zeros(task.shape, np.uint8)

    def _open(self) -> Predictor | None:
        with self._lock:
            if not self._opened:
                self._opened = True
                if self._project.bundle.is_dir():
                    from tilecli.inference.predictor import open_predictor

                    try:
                        self._predictor = open_predictor(self._project.bundle)
                    except ModelError as error:
                        progress.note(f"masks begin empty, as the model cannot be used: {error.message}")
            return self._predictor
