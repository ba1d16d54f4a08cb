import os
from pathlib import Path

from tests.unit.studio.compared import repository
from tilecli.experiments import curves, store
from tilecli.experiments.curves import Curves
from tilecli.experiments.store import Record


def test_curves_of_a_commit_and_of_the_workspace(tmp_path: Path) -> None:
    made = repository(tmp_path)
    weak = store.find(store.experiments(made.project), "weak")
    found = curves.read(made.project, weak)
    assert list(found.series) == ["lr", "valid.dice"]
    assert found.series["valid.dice"][0] == (1.0, 0.125)
    assert (found.epoch_s, found.best) == (10.0, None)
    assert curves.read(made.project, store.workspace(made.project)) == Curves()
    made.write({"training/plots/metrics/train/loss.tsv": "step\tloss\n1\t0.5\n2\tnan\nrubbish\n"})
    assert curves.read(made.project, store.workspace(made.project)).series == {"train.loss": ((1.0, 0.5),)}


def test_the_best_epoch_is_the_one_whose_weights_the_model_has(tmp_path: Path) -> None:
    made = repository(tmp_path)
    series = {"training/plots/metrics/valid/dice.tsv": "step\tdice\n1\t0.5\n2\t0.4\n"}
    old = {**series, "training/run.json": '{"epochs": 2, "seconds": 8.0, "epoch": 1}'}
    made.experiment("old", old)
    made.experiment("new", {**old, "training/metrics.json": '{"epoch": 2, "best": {"epoch": 2}}'})
    tried = store.experiments(made.project)
    found = [curves.read(made.project, store.find(tried, name)) for name in ("old", "new")]
    assert [(one.best, one.epoch_s) for one in found] == [(1.0, 4.0), (2.0, 4.0)]


def test_a_training_that_is_under_way_is_read_from_its_files(tmp_path: Path) -> None:
    made = repository(tmp_path)
    made.write({f"training/plots/metrics/{name}.tsv": "step\tx\n1\t0.5\n" for name in ("valid/dice", "lr")})
    os.utime(made.project.training / "plots" / "metrics" / "lr.tsv", (1000, 1000))
    metrics = {"epoch": 3, "seconds": 6.0, "best.epoch": 2}
    record = Record("new", "", "b", 0.0, state="running", metrics=metrics)
    whole = curves.being_written(made.project.training, record)
    assert whole == Curves({"lr": ((1.0, 0.5),), "valid.dice": ((1.0, 0.5),)}, 2.0, 2.0)
    assert list(curves.being_written(made.project.training, record, since=2000).series) == ["valid.dice"]
    assert curves.being_written(tmp_path / "none", record) == Curves()


def test_a_run_that_is_not_done_has_the_dice_that_is_known(tmp_path: Path) -> None:
    made = repository(tmp_path)
    running = Record("new", "", "b", 0.0, state="running", valid_dice=(0.1, float("nan"), 0.3))
    assert curves.read(made.project, running).series == {"valid.dice": ((1.0, 0.1), (3.0, 0.3))}
