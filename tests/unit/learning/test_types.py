"""Types of defects told apart: from a list of classes to a checkpoint with an output for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from tests.trainings import change, run
from tilecli.config import Params
from tilecli.data.classlist import write_classes
from tilecli.errors import ModelError
from tilecli.inference.export import export_bundle
from tilecli.inference.predictor import open_predictor
from tilecli.layout import Project
from tilecli.learning.checkpoint import load_network
from tilecli.learning.fit import train

Make = Callable[[str], Project]
CLASSES = ("blob", "scratch")


def test_a_typed_run_learns_and_becomes_a_bundle_that_answers_in_torch_and_openvino(
    make_project: Make, tiny: Params
) -> None:
    project = make_project("typed")
    write_classes(project.classes, CLASSES)
    settings = change(tiny, epochs=4, steps_per_epoch=12, inject=0.3, pretrain_epochs=1)
    run(project, settings)
    network, facts = load_network(project.checkpoints / "best.ckpt")
    assert facts["classes"] == list(CLASSES)
    assert facts["valid_dice"] > 0.5
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 64, 64)).shape == (1, 2, 64, 64)
    bundle = export_bundle(project, settings)
    assert bundle.classes == CLASSES
    photo = project.dataset / "images" / "photo_01.png"
    found = [
        open_predictor(project.bundle, engine, precision="f32", threads=1, keep_compiled=False).predict_file(photo)
        for engine in ("openvino", "torch")
    ]
    assert found[0].type == found[1].type
    assert abs(found[0].probability - found[1].probability).max() < 0.01


def test_other_classes_are_other_photos(make_project: Make, tiny: Params) -> None:
    project = make_project("typed")
    write_classes(project.classes, CLASSES)
    run(project, change(tiny, epochs=1))
    write_classes(project.classes, (*CLASSES, "dent"))
    with pytest.raises(ModelError, match="the photos or their split have changed"):
        train(project, change(tiny, epochs=2), resume=True)


def test_a_binary_run_says_nothing_of_classes(make_project: Make, tiny: Params) -> None:
    project = make_project("binary")
    run(project, change(tiny, epochs=1))
    assert "classes" not in load_network(project.checkpoints / "best.ckpt")[1]
