"""Crops that processes of their own cut, as for a GPU."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from tilecli.config import Params
from tilecli.data.datamodule import TileData
from tilecli.layout import Project


@pytest.mark.filterwarnings("ignore:'pin_memory' argument")
def test_worker_processes_share_the_photos_and_give_the_same_batches_epoch_by_epoch(
    make_project: Callable[[str], Project], tiny: Params
) -> None:
    project = make_project("one")
    alone = TileData(project, tiny.train, multiple=32).train_dataloader()
    helped = TileData(project, tiny.train, multiple=32, workers=2).train_dataloader()
    assert helped.multiprocessing_context.get_start_method() == "fork"
    for epoch in range(2):
        ours, theirs = list(alone), list(helped)
        assert [(batch.epoch, batch.step) for batch in theirs] == [(epoch, step) for step in range(6)]
        for one, other in zip(ours, theirs, strict=True):
            assert torch.equal(one.image, other.image)
            assert torch.equal(one.mask, other.mask)
