"""Studies of Optuna's as `tiles exp tune` leaves them, without any training behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna

from tilecli.experiments.queue import study
from tilecli.layout import Project


def tried(
    project: Project,
    count: int,
    value: Callable[[Any], float],
    *,
    metric: str = "dice_mean",
    pruned: tuple[int, ...] = (),
) -> study.Search:
    """The study `rates` of `count` trials; those numbered `pruned` (from 1) ended early."""
    found = study.open_study(project, "rates", metric, create=True)
    for number in range(1, count + 1):
        trial = found.ask()
        reached = value(trial)
        trial.set_user_attr("experiment", f"rates-{number}")
        trial.set_user_attr("settings", {name: float(f"{chosen:.4g}") for name, chosen in trial.params.items()})
        trial.set_user_attr("metric", reached)
        if number in pruned:
            trial.report(reached, 1)
            found.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            found.tell(trial, reached)
    return study.read(found)


def by_rate(trial: Any) -> float:
    """A figure that hangs on one of two settings."""
    rate, _ = trial.suggest_float("train.learning_rate", 0, 1), trial.suggest_float("train.weight_decay", 0, 1)
    return float(rate)
