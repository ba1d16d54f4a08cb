"""What a study of Optuna's comes to, in plain values: real studies, tried without any training."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from tests.searches import by_rate, tried
from tilecli.errors import UsageError
from tilecli.experiments.queue import study
from tilecli.layout import Project


def test_the_best_comes_first_and_pruned_trials_count_with_what_they_reached(tmp_path: Path) -> None:
    values = {1: 0.5, 2: 0.7, 3: 0.9, 4: 0.6}
    found = tried(Project(tmp_path), 4, lambda trial: values[trial.number + 1], pruned=(3,))
    assert [(trial.number, trial.state) for trial in found.measured] == [
        (1, "complete"),
        (2, "complete"),
        (3, "pruned"),
        (4, "complete"),
    ]
    assert [trial.experiment for trial in found.ranked] == ["rates-3", "rates-2", "rates-4", "rates-1"]
    assert found.best_so_far == [0.5, 0.7, 0.9, 0.9]
    assert found.words == "4 trials, 1 ended early"


def test_lower_is_better_turns_it_round(tmp_path: Path) -> None:
    values = [0.5, 0.7, 0.3]
    found = tried(Project(tmp_path), 3, lambda trial: values[trial.number], metric="false_alarm_rate")
    assert found.best_so_far == [0.5, 0.5, 0.3]
    assert found.ranked[0].number == 3


def test_the_setting_that_mattered_has_the_largest_share(tmp_path: Path) -> None:
    found = tried(Project(tmp_path), 60, by_rate)
    assert list(found.importances) == ["train.learning_rate", "train.weight_decay"]
    assert found.importances["train.learning_rate"] > 0.8
    assert sum(found.importances.values()) == pytest.approx(1)
    assert found.notes == ()


def test_few_trials_are_called_a_rough_guess(tmp_path: Path) -> None:
    found = tried(Project(tmp_path), 6, by_rate)
    assert len(found.importances) == 2
    assert found.notes == ("what dice_mean hung on is a rough guess from 6 trials; 50 make it dependable",)


@pytest.mark.parametrize("count", [0, 1])
def test_one_trial_says_nothing_about_importance(tmp_path: Path, count: int) -> None:
    found = tried(Project(tmp_path), count, by_rate)
    assert found.importances == {}
    assert "before two trials ran to their end" in found.notes[0]


def test_pruned_trials_say_nothing_about_importance(tmp_path: Path) -> None:
    found = tried(Project(tmp_path), 4, by_rate, pruned=(2, 3, 4))
    assert found.importances == {}
    assert len(found.measured) == 4


def test_one_setting_has_none_to_be_weighed_against(tmp_path: Path) -> None:
    found = tried(Project(tmp_path), 5, lambda trial: float(trial.suggest_float("train.learning_rate", 0, 1)))
    assert found.importances == {}
    assert "one setting was searched" in found.notes[0]


@pytest.mark.filterwarnings("error")
def test_equal_figures_weigh_nothing_and_optuna_keeps_quiet(tmp_path: Path) -> None:
    found = tried(Project(tmp_path), 5, lambda trial: 0.5 + 0 * by_rate(trial))
    assert found.importances == {}
    assert "chose as the others did" in found.notes[0]


def test_failed_trials_have_no_figure(tmp_path: Path) -> None:
    opened = study.open_study(Project(tmp_path), "rates", "dice_mean", create=True)
    opened.tell(opened.ask(), state=optuna.trial.TrialState.FAIL)
    found = study.read(opened)
    assert [(trial.experiment, trial.state, trial.value) for trial in found.trials] == [("", "fail", None)]
    assert found.measured == ()
    assert found.words == "1 trial, 1 failed or stopped"


def test_a_study_goes_on_where_it_was_and_with_the_same_metric(tmp_path: Path) -> None:
    before = tried(Project(tmp_path), 3, by_rate)
    again = study.read(study.open_study(Project(tmp_path), "rates", "dice_mean"))
    assert again == before
    assert again.trials[0].settings == before.trials[0].settings
    with pytest.raises(UsageError, match="about dice_mean"):
        study.open_study(Project(tmp_path), "rates", "auroc")
    with pytest.raises(UsageError, match="no study 'other'"):
        study.open_study(Project(tmp_path), "other", "dice_mean")
