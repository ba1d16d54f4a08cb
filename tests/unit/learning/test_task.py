from __future__ import annotations

import pytest
import torch
from torch import nn

from tilecli.config import TrainParams
from tilecli.data.datamodule import CropBatch
from tilecli.errors import ModelError
from tilecli.learning.precision import choose
from tilecli.learning.task import SegmentationTask

PARAMS = TrainParams(crop_size=32, batch_size=2, device="cpu", precision="fp32", learning_rate=0.5)


def task(bias: float) -> SegmentationTask:
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
    nn.init.constant_(network[2].bias, bias)
    return SegmentationTask(network, PARAMS, choose(PARAMS), steps=10)


def batch() -> CropBatch:
    return CropBatch(torch.randn(2, 1, 32, 32), torch.ones(2, 32, 32, dtype=torch.uint8), 0, 0)


def test_a_loss_that_is_no_number_ends_the_training_with_advice() -> None:
    assert torch.isfinite(task(0.0).training_step(batch(), 0))
    with pytest.raises(ModelError, match="diverged in epoch 1") as caught:
        task(float("nan")).training_step(batch(), 0)
    assert caught.value.hint == "-S train.learning_rate=0.125"


def test_consistency_pulls_only_where_it_has_a_weight() -> None:
    paired = batch()
    paired.pairs = torch.tensor([[0, 1]])
    plain, weighted = task(0.0), task(0.0)
    weighted.network.load_state_dict(plain.network.state_dict())
    weighted._settings = PARAMS.model_copy(update={"consistency": 2.0})
    without, with_it = (each.training_step(paired, 0).detach() for each in (plain, weighted))
    assert float(with_it) > float(without)
    paired.pairs = torch.zeros((0, 2), dtype=torch.int64)
    assert float(weighted.training_step(paired, 0).detach()) == pytest.approx(float(without))


def test_biases_and_norms_are_not_decayed() -> None:
    optimiser = task(0.0).configure_optimizers()
    decayed, others = optimiser.param_groups
    assert decayed["weight_decay"] == PARAMS.weight_decay
    assert others["weight_decay"] == 0
    assert [value.ndim for value in decayed["params"]] == [4, 4]
    assert len(others["params"]) == 4
