"""Whole runs of a few seconds: what they write, that they repeat, and that an interrupted one goes on."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainings import change, interrupt_after, run
from tilecli.config import Params
from tilecli.errors import DataError, ModelError
from tilecli.layout import Project
from tilecli.learning.checkpoint import load_network, read

Make = Callable[[str], Project]
# How long a run took, and with it how fast it was, is all that may differ between two equal runs.
TIMES = {"seconds", "photos_per_s"}


def figures(project: Project) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(project.training_metrics.read_text())
    return {key: value for key, value in read.items() if key not in TIMES}


def series(project: Project) -> dict[str, list[tuple[int, float]]]:
    found = {}
    folder = project.training / "plots" / "metrics"
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(newline="") as stream:
            rows = list(csv.reader(stream, delimiter="\t"))[1:]
        found[path.relative_to(folder).as_posix()] = [(int(step), float(value)) for step, value in rows]
    return found


def assert_equal(one: Project, other: Project) -> None:
    first, second = series(one), series(other)
    assert first.keys() == second.keys()
    for name, rows in first.items():
        assert [step for step, _ in rows] == [step for step, _ in second[name]]
        assert [value for _, value in rows] == pytest.approx([value for _, value in second[name]], abs=1e-6), name


def test_a_run_writes_what_others_rely_on_and_learns(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    events = run(project, change(tiny, epochs=6, steps_per_epoch=12))
    metrics = figures(project)
    assert set(metrics["valid"]) == {"loss", "dice", "dice_best", "threshold", "jaccard", "foreground_acc"}
    assert metrics["epoch"] == 6
    assert metrics["resumed"] is False
    assert set(series(project)) == {
        *(f"valid/{name}.tsv" for name in metrics["valid"]),
        "train/loss.tsv",
        "lr.tsv",
    }
    assert all([step for step, _ in rows] == [1, 2, 3, 4, 5, 6] for rows in series(project).values())
    losses = [value for _, value in series(project)["train/loss.tsv"]]
    assert losses[-1] < 0.6 * losses[0]
    assert metrics["best"]["dice"] > 0.5
    assert metrics["best"]["dice"] == max(value for _, value in series(project)["valid/dice_best.tsv"])
    pairs = zip(series(project)["valid/dice_best.tsv"], series(project)["valid/dice.tsv"], strict=True)
    # Equal up to the width of a bin of the histogram.
    assert all(best >= dice - 0.01 for (_, best), (_, dice) in pairs)

    network, facts = load_network(project.checkpoints / "best.ckpt")
    assert not network.training
    assert facts["valid_dice"] == metrics["best"]["dice"]
    assert facts["input"].keys() == {"short_side", "multiple", "mean", "std", "channels"}
    assert (facts["input"]["multiple"], facts["input"]["channels"]) == (32, 1)
    assert {"precision", "memory_format", "device", "threads", "torch", "encoder_weights", "seed"} <= facts.keys()
    assert json.loads((project.training / "run.json").read_text())["epochs"] == 6

    epochs = [event for event in events if event.kind == "epoch"]
    assert [event.done for event in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[0].data.keys() >= {"loss", "valid_loss", "valid_dice", "photos_per_s", "lr", "seconds_left"}
    assert epochs[-1].data["seconds_left"] == 0
    assert [event.task for event in events if event.kind == "result"] == ["train"]


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(make_project: Make, tiny: Params) -> None:
    one, again, other = make_project("one"), make_project("again"), make_project("other")
    short = change(tiny, epochs=2)
    run(one, short)
    run(again, short)
    assert_equal(one, again)
    assert figures(one) == figures(again)
    run(other, change(short, seed=1))
    assert series(one)["train/loss.tsv"] != series(other)["train/loss.tsv"]


@pytest.mark.parametrize(("arch", "optimizer"), [("compactunet", "muon"), ("fpn", "adamw")])
def test_a_resumed_run_equals_the_uninterrupted_one(
    make_project: Make, tiny: Params, arch: str, optimizer: str
) -> None:
    # FPN has dropout: randomness within the network must go on as well.
    network = {"arch": arch, "encoder": "mobilenet_v2", "encoder_weights": "none"}
    params = change(tiny, epochs=3, steps_per_epoch=4, optimizer=optimizer, **network)
    whole, broken = make_project("whole"), make_project("broken")
    run(whole, params)
    interrupt_after(2, broken, params)
    assert figures(broken)["epoch"] == 2
    events = run(broken, params, resume=True)
    assert_equal(whole, broken)
    assert figures(broken)["resumed"] is True
    assert figures(broken)["best"] == pytest.approx(figures(whole)["best"], abs=1e-6)
    assert json.loads((broken.training / "run.json").read_text())["resumed"] is True
    assert [event.done for event in events if event.kind == "epoch"] == [3]
    steps = [event for event in events if event.kind == "end" and event.task == "train"]
    assert steps[0].done == steps[0].total == 12


def test_a_step_may_take_several_batches_and_is_what_everything_counts(make_project: Make, tiny: Params) -> None:
    params = change(tiny, epochs=3, steps_per_epoch=4, accumulate=3, batch_size=2)
    whole, broken = make_project("whole"), make_project("broken")
    events = run(whole, params)
    steps = [event for event in events if event.kind == "end" and event.task == "train"]
    assert steps[0].done == steps[0].total == 12
    last = read(whole.checkpoints / "last.ckpt")
    assert last["ema"]["updates"] == 12
    assert {int(state["step"]) for state in last["optimizer_states"][0]["state"].values()} == {12}
    once = make_project("once")
    run(once, change(params, accumulate=1))
    assert series(once)["lr.tsv"] == series(whole)["lr.tsv"]
    assert series(once)["train/loss.tsv"] != series(whole)["train/loss.tsv"]
    interrupt_after(2, broken, params)
    run(broken, params, resume=True)
    assert_equal(whole, broken)


@pytest.mark.parametrize("found", [None, "that of another training"])
def test_a_resumed_run_has_its_own_best_checkpoint_back(make_project: Make, tiny: Params, found: str | None) -> None:
    project = make_project("a")
    interrupt_after(2, project, tiny)
    path = project.checkpoints / "best.ckpt"
    before, facts = load_network(path)
    # What DVC does before it runs an experiment again: takes the file away, or puts an older one in its place.
    path.unlink()
    if found:
        path.write_text(found)
    # No epoch is left to run, as where a run was stopped while DVC stored what it had made.
    events = run(project, change(tiny, epochs=2), resume=True)
    assert any("nothing to resume" in event.text for event in events)
    after, same = load_network(path)
    assert same == facts
    assert all(torch.equal(value, after.state_dict()[name]) for name, value in before.state_dict().items())


def test_sigint_leaves_its_handler_as_it_was(make_project: Make, tiny: Params) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupt_after(1, make_project("one"), tiny)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_no_temporary_file_is_left(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    interrupt_after(1, project, tiny)
    assert sorted(path.name for path in project.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]


def test_resuming_nothing_starts_afresh_and_resuming_a_finished_run_does_nothing(
    make_project: Make, tiny: Params
) -> None:
    project = make_project("one")
    short = change(tiny, epochs=1)
    notes = [event.text for event in run(project, short, resume=True) if event.kind == "note"]
    assert any("starting afresh" in text for text in notes)
    before = figures(project)
    notes = [event.text for event in run(project, short, resume=True) if event.kind == "note"]
    assert any("all 1 epochs are done" in text for text in notes)
    assert figures(project) == before
    assert before["resumed"] is False


def test_a_run_that_is_not_resumed_clears_what_was_there(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    project.training.mkdir()
    (project.training / "old.txt").write_text("from another run")
    run(project, change(tiny, epochs=1))
    assert not (project.training / "old.txt").exists()


def test_resuming_with_other_settings_is_refused_and_leaves_the_run_alone(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    run(project, change(tiny, epochs=1))
    before = figures(project)
    with pytest.raises(ModelError, match=r"train\.learning_rate was 0\.01, is 0\.5"):
        run(project, change(tiny, epochs=2, learning_rate=0.5), resume=True)
    assert figures(project) == before


def test_training_stops_when_nothing_gets_better(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    # So small a rate that neither Dice nor, through the average of nothing, much else moves.
    events = run(project, change(tiny, epochs=30, steps_per_epoch=1, learning_rate=1e-9, patience=2, ema=0.0))
    assert figures(project)["epoch"] < 30
    assert any("no better valid Dice in 2 epochs" in event.text for event in events)


def test_a_subset_without_photos_is_refused(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    project.split.write_text(project.split.read_text().replace(",valid", ",test"))
    with pytest.raises(DataError, match="valid subset holds no photo"):
        run(project, tiny)


def test_bf16_is_recorded_where_the_cpu_has_it(make_project: Make, tiny: Params) -> None:
    from tilecli.learning.precision import cpu_bf16

    if not cpu_bf16():
        pytest.skip("this CPU has no bf16 instructions")
    project = make_project("one")
    run(project, change(tiny, epochs=1, precision="auto"))
    facts = json.loads((project.training / "run.json").read_text())
    assert (facts["precision"], facts["memory_format"]) == ("bf16", "channels_last")


def test_nothing_but_the_training_folder_is_written(make_project: Make, tiny: Params, tmp_path: Path) -> None:
    project = make_project("one")
    before = set(project.root.rglob("*"))
    run(project, change(tiny, epochs=1))
    new = {path for path in project.root.rglob("*") if path.is_file()} - before
    assert all(project.training == path or project.training in path.parents for path in new)
