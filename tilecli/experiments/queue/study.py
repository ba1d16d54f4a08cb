"""The Optuna study behind `tiles exp tune`: opens it, and says in plain values what was tried and what it came to."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any

from tilecli.errors import UsageError
from tilecli.experiments.compare import higher_is_better
from tilecli.layout import Project

STARTUP_TRIALS = 4  # before pruning and before TPE leaves random search: fewer say nothing about the space
_DEPENDABLE = 50  # PED-ANOVA looks at the best tenth of the trials, and Optuna wants five of them there

_SHORT = {"pruned": "ended early", "fail": "failed or stopped"}


@dataclass(frozen=True)
class Trial:
    """One trial, whatever became of it."""

    number: int  # from 1
    experiment: str  # empty where it never got so far
    state: str  # complete, pruned, fail, running
    value: float | None  # the metric that was measured; of a pruned one, as far as it came
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def figure(self) -> float:
        """`value`, NaN where there is none."""
        return math.nan if self.value is None else self.value


@dataclass(frozen=True)
class Search:
    """What a study has tried."""

    name: str
    metric: str
    trials: tuple[Trial, ...]  # in their order
    importances: dict[str, float] = field(default_factory=dict)  # share of each setting, the largest first
    notes: tuple[str, ...] = ()  # what cannot be said of it, and why

    @property
    def measured(self) -> tuple[Trial, ...]:
        """The trials that have a figure, in their order."""
        return tuple(trial for trial in self.trials if trial.value is not None)

    @property
    def ranked(self) -> list[Trial]:
        """The measured trials, the best first; of equals the earlier."""
        sign = -1 if higher_is_better(self.metric) else 1
        return sorted(self.measured, key=lambda trial: sign * trial.figure)

    @property
    def words(self) -> str:
        """How many trials there are, and what became of those that did not run to their end."""
        count = len(self.trials)
        states = [trial.state for trial in self.trials]
        parts = [f"{count} trial{'' if count == 1 else 's'}"]
        parts += [f"{states.count(state)} {how}" for state, how in _SHORT.items() if state in states]
        return ", ".join(parts)

    @property
    def best_so_far(self) -> list[float]:
        """For each measured trial the best figure up to and with it."""
        better = max if higher_is_better(self.metric) else min
        found: list[float] = []
        for trial in self.measured:
            found.append(better(found[-1], trial.figure) if found else trial.figure)
        return found


def open_study(project: Project, study: str, metric: str, *, seed: int = 0, create: bool = False) -> Any:
    """The study called `study`; raises UsageError where there is none, or where it is about another metric."""
    optuna = load_optuna()
    folder = project.scratch / "tune"
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / f"{study}.journal"
    if not create and not journal.exists():
        raise UsageError(f"there is no study '{study}'", where=str(folder), hint="tiles exp tune -S …")
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    found = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=study,
        load_if_exists=True,
        direction="maximize" if higher_is_better(metric) else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=1),
    )
    before = found.user_attrs.get("metric")
    if before not in (None, metric):
        raise UsageError(f"the study '{study}' is about {before}", where="--metric", hint=f"--study {study}-{metric}")
    if before is None:
        found.set_user_attr("metric", metric)
    return found


def read(study: Any) -> Search:
    """What the Optuna study `study` holds, as `tune` left it."""
    trials = tuple(_trial(trial) for trial in study.get_trials(deepcopy=False))
    shares, note = importances(study)
    return Search(study.study_name, study.user_attrs["metric"], trials, shares, (note,) if note else ())


def importances(study: Any) -> tuple[dict[str, float], str]:
    """Share of each setting in becoming one of the best, the largest first, by PED-ANOVA (Watanabe et al. 2023).

    Beside it what is to be said about it; the shares are empty where there is nothing to weigh. Pruned trials do not
    count: their figures say how long they ran.
    """
    optuna = load_optuna()
    what = f"what {study.user_attrs['metric']} hung on"
    ended = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(ended) < 2:
        return {}, f"{what} cannot be said before two trials ran to their end"
    if len({name for trial in ended for name in trial.params}) < 2:
        return {}, f"{what} is not drawn: one setting was searched, and there is none to weigh it against"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "importances will be equal": told below, in other words
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()  # needs no scikit-learn
        try:
            raw = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
        except (ValueError, RuntimeError) as error:
            return {}, f"{what} cannot be said: {error}"
    total = sum(raw.values())
    if not total > 0:
        return {}, f"{what} cannot be said: the best trials chose as the others did"
    shares = {name: share / total for name, share in sorted(raw.items(), key=lambda item: -item[1])}
    if len(ended) >= _DEPENDABLE:
        return shares, ""
    return shares, f"{what} is a rough guess from {len(ended)} trials; {_DEPENDABLE} make it dependable"


def load_optuna() -> Any:
    """The package, quiet; MissingExtraError where it is not installed."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        from tilecli.errors import MissingExtraError

        raise MissingExtraError("optuna", "train") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _trial(trial: Any) -> Trial:
    value = trial.user_attrs.get("metric")
    known = isinstance(value, (int, float)) and math.isfinite(value)
    # Optuna's own params keep more digits than were used, and places instead of lists.
    settings = trial.user_attrs.get("settings", trial.params)
    return Trial(
        trial.number + 1,
        trial.user_attrs.get("experiment", ""),
        trial.state.name.lower(),
        float(value) if known else None,
        dict(settings),
    )
