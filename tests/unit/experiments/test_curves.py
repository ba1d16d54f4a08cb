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
    assert found.epoch_s == 10.0
    assert curves.read(made.project, store.workspace(made.project)) == Curves()
    made.write({"training/plots/metrics/train/loss.tsv": "step\tloss\n1\t0.5\n2\tnan\nrubbish\n"})
    assert curves.read(made.project, store.workspace(made.project)).series == {"train.loss": ((1.0, 0.5),)}


def test_a_run_that_is_not_done_has_the_dice_that_is_known(tmp_path: Path) -> None:
    made = repository(tmp_path)
    running = Record("new", "", "b", 0.0, state="running", valid_dice=(0.1, float("nan"), 0.3))
    assert curves.read(made.project, running).series == {"valid.dice": ((1.0, 0.1), (3.0, 0.3))}
