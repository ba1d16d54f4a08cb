from __future__ import annotations

import json
from collections.abc import Callable

from tilecli import progress
from tilecli.config import Params
from tilecli.layout import Project
from tilecli.learning.fit import train
from tilecli.learning.stride import is_due, share


def test_every_epoch_of_the_second_half_is_due() -> None:
    assert [number for number in range(1, 13) if is_due(number, number / 12, 4)] == [4, 7, 8, 9, 10, 11, 12]
    assert all(is_due(number, number / 12, 1) for number in range(1, 13))


def test_epochs_without_a_validation_are_recorded_without_its_figures(
    make_project: Callable[[str], Project], tiny: Params
) -> None:
    project = make_project("one")
    settings = tiny.train.model_copy(update={"epochs": 6, "valid_every": 3})
    events: list[progress.Event] = []
    with progress.listen(events.append):
        train(project, Params(train=settings), resume=False)
    epochs = [event for event in events if event.kind == "epoch"]
    assert [event.done for event in epochs] == [1, 2, 3, 4, 5, 6]
    assert [event.done for event in epochs if "valid_dice" in event.data] == [3, 4, 5, 6]
    assert "best_dice" not in epochs[0].data
    folder = project.training / "plots" / "metrics"
    steps = {
        name: [row.split("\t")[0] for row in (folder / name).read_text().splitlines()[1:]]
        for name in ("train/loss.tsv", "valid/dice.tsv")
    }
    assert steps == {"train/loss.tsv": list("123456"), "valid/dice.tsv": list("3456")}
    assert json.loads(project.training_metrics.read_text())["best"]["epoch"] in {3, 4, 5, 6}


def test_the_share_of_epochs_that_are_validated() -> None:
    assert share(12, 4) == 7 / 12
    assert share(5, 1) == 1
    assert share(1, 9) == 1
