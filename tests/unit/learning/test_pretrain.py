from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.trainings import change, run
from tilecli import progress
from tilecli.config import Params
from tilecli.data.datamodule import TileData
from tilecli.errors import ModelError
from tilecli.layout import Project
from tilecli.learning import fit, network
from tilecli.learning.callbacks import StopOnSignal
from tilecli.learning.precision import choose
from tilecli.learning.pretrain import hide, pretrain

Make = Callable[[str], Project]


def stripes(path: Path) -> np.ndarray:
    """As large as the picture at `path`, dark on one side and bright on the other: what is hidden can be told."""
    height, width = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).shape
    across = np.linspace(20, 200, width)
    return np.broadcast_to(across, (height, width)).astype(np.uint8)


def test_whole_blocks_are_hidden_and_the_rest_is_left() -> None:
    image = torch.rand(40, 2, 64, 96) + 1
    shown, hidden = hide(image, torch.Generator().manual_seed(0))
    assert hidden.shape == (40, 1, 64, 96)
    assert float(hidden.mean()) == pytest.approx(0.5, abs=0.05)
    blocks = hidden.unfold(2, 16, 16).unfold(3, 16, 16).flatten(4)
    assert torch.equal(blocks.amin(-1), blocks.amax(-1))
    assert torch.equal(shown, torch.where(hidden.bool(), 0.0, image))
    assert torch.equal(hide(image, torch.Generator().manual_seed(0))[1], hidden)
    assert not torch.equal(hide(image, torch.Generator().manual_seed(1))[1], hidden)


def pretrained(
    project: Project, tiny: Params, **settings: object
) -> tuple[network.Built, dict[str, torch.Tensor], dict[str, Any]]:
    """A network after its pre-training on stripes, its weights before that, and what was noted of it."""
    train = change(tiny, encoder="resnet18", encoder_weights="none", prior_bias=0.1, batch_size=8, **settings).train
    torch.manual_seed(0)
    built = network.build(train, weights=True)
    before = {name: value.clone() for name, value in built.network.state_dict().items()}
    for path in (project.dataset / "images").iterdir():
        cv2.imwrite(str(path), stripes(path))
    photos = TileData(project, train, multiple=built.multiple)
    return built, before, pretrain(built.network, photos, train, choose(train), StopOnSignal())


def test_the_network_learns_to_fill_in(make_project: Make, tiny: Params) -> None:
    _, _, facts = pretrained(make_project("one"), tiny, pretrain_epochs=3, steps_per_epoch=15, crop_size=64)
    assert (facts["epochs"], facts["steps"], len(facts["errors"])) == (3, 45, 3)
    assert facts["errors"][-1] < 0.8 * facts["errors"][0]


@pytest.mark.parametrize(("arch", "channels"), [("compactunet", 1), ("compactunet", 3), ("unet", 1)])
def test_the_network_keeps_its_own_last_layer(make_project: Make, tiny: Params, arch: str, channels: int) -> None:
    built, before, _ = pretrained(
        make_project("one"), tiny, arch=arch, channels=channels, pretrain_epochs=1, steps_per_epoch=2, crop_size=32
    )
    after = built.network.state_dict()
    assert after.keys() == before.keys()
    owner, name = network.last_layer(built.network)
    last = getattr(owner, name)
    assert last.out_channels == 1
    assert torch.sigmoid(last.bias).item() == pytest.approx(0.1)
    own = {key for key, value in built.network.named_parameters() if any(value is own for own in last.parameters())}
    assert len(own) == 2
    weights = [key for key, value in after.items() if value.ndim == 4]
    assert all(torch.equal(after[key], before[key]) == (key in own) for key in weights)


def test_its_crops_are_of_good_photos_as_often_as_these_are_there(make_project: Make, tiny: Params) -> None:
    settings = change(tiny, good_crops=0.0, inject=1.0, consistency=1.0, batch_size=50).train
    photos = TileData(make_project("one"), settings, multiple=32)
    with_defect = [float(batch.mask.flatten(1).any(dim=1).float().mean()) for batch in photos.pretraining_dataloader()]
    assert all(0.1 < share < 0.5 for share in with_defect)
    assert all(len(batch.pairs) == 0 for batch in photos.pretraining_dataloader())
    assert all(bool(batch.mask.flatten(1).any()) for batch in photos.train_dataloader())


def test_it_is_part_of_the_run_repeats_and_is_not_done_again_on_resuming(make_project: Make, tiny: Params) -> None:
    params = change(tiny, epochs=2, pretrain_epochs=2)
    one, again, without = (make_project(name) for name in ("one", "again", "without"))
    events = run(one, params)
    assert [event.task for event in events if event.kind == "end" and event.task in ("pretrain", "train")] == [
        "pretrain",
        "train",
    ]
    facts = json.loads((one.training / "run.json").read_text())
    assert facts["pretraining"]["steps"] == 12
    run(again, params)
    run(without, change(params, pretrain_epochs=0))
    series = [
        (project.training / "plots" / "metrics" / "train" / "loss.tsv").read_text().split("\t")[-1]
        for project in (one, again, without)
    ]
    assert float(series[0]) == pytest.approx(float(series[1]), abs=1e-6)
    assert float(series[0]) != pytest.approx(float(series[2]), abs=1e-6)
    events = run(one, change(params, epochs=3), resume=True)
    assert not [event for event in events if event.task == "pretrain"]
    assert json.loads((one.training / "run.json").read_text())["pretraining"] == facts["pretraining"]
    assert "pretraining" not in json.loads((without.training / "run.json").read_text())


def test_interrupted_it_starts_again_and_no_older_run_is_taken_for_it(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    params = change(tiny, epochs=1, pretrain_epochs=2)
    run(project, params)

    def listen(event: progress.Event) -> None:
        if event.kind == "begin" and event.task == "pretrain":
            os.kill(os.getpid(), signal.SIGINT)

    with progress.listen(listen), pytest.raises(KeyboardInterrupt):
        fit.train(project, params, resume=False)
    events = run(project, params, resume=True)
    assert any("starting afresh" in event.text for event in events)
    assert [event for event in events if event.kind == "end" and event.task == "pretrain"]


def test_a_rate_far_too_high_is_said_to_be(make_project: Make, tiny: Params) -> None:
    params = change(tiny, learning_rate=10.0, pretrain_epochs=3, norm="instance", weight_decay=1000.0)
    with pytest.raises(ModelError, match="the pre-training diverged") as caught:
        run(make_project("one"), params)
    assert "train.pretrain_epochs=0" in str(caught.value.hint)
