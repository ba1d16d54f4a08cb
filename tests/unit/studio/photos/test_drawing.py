"""Marks that are drawn alone look as those that are drawn onto the photo, once they are laid over it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.studied import DEFECTS, HEIGHT, Studied
from tilecli.studio.photos import drawing
from tilecli.studio.photos.answers import Answers
from tilecli.studio.photos.dataset import of_run
from tilecli.studio.runs.finding import find


def read(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).astype(float)


@pytest.mark.parametrize("kind", drawing.MARKED)
def test_marks_alone_over_the_photo_are_the_picture(studied: Studied, kind: drawing.Kind) -> None:
    run, answers = find(studied.project, "looked-at"), Answers(studied.project)
    dataset = of_run(studied.project, run)
    marked = 0
    for name in DEFECTS:
        whole = read(drawing.draw(dataset, name, kind, run, answers)[0])
        data, media = drawing.draw_small(dataset, name, kind, run, answers)
        assert media == "image/png"
        layer = read(data)
        assert layer.shape == (*whole.shape[:2], 4)
        photo = read(Path(dataset.photos[name].image).read_bytes())
        factor = whole.shape[0] // HEIGHT
        ground = np.broadcast_to(photo[:, :, None], (*photo.shape, 3)).repeat(factor, 0).repeat(factor, 1)
        share = layer[:, :, 3:] / 255
        assert np.abs(layer[:, :, :3] * share + ground * (1 - share) - whole).max() < 2
        marked += int(share.any())
    assert 0 < marked < len(DEFECTS)  # a photo without marks is transparent


def test_probabilities_are_small_and_the_photo_is_the_file(studied: Studied) -> None:
    run, answers = find(studied.project, "looked-at"), Answers(studied.project)
    dataset = of_run(studied.project, run)
    data, media = drawing.draw_small(dataset, "found", "probability", run, answers)
    exact = read(drawing.draw(dataset, "found", "probability", run, answers)[0])
    assert media == "image/jpeg"
    assert np.abs(read(data) - exact).mean() < 4
    data, _ = drawing.draw_small(dataset, "found", "photo", run, answers)
    assert data == Path(dataset.photos["found"].image).read_bytes()


def test_what_differs_has_another_name(studied: Studied) -> None:
    dataset = of_run(studied.project, find(studied.project, "looked-at"))
    names = [drawing.named(kind, dataset, photo, bundle)
             for kind in drawing.KINDS for photo in DEFECTS for bundle in ("a", "b")]  # fmt: skip
    bare = [kind for kind in drawing.KINDS if kind not in drawing.PREDICTED]
    assert len(set(names)) == len(names) - len(bare) * len(DEFECTS)
