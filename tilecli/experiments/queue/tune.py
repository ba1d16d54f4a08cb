"""Searching settings with Optuna: every trial is a queued task of its own and becomes a DVC experiment.

The study is a journal under .dvc/tmp/tiles/tune, so it goes on where it was interrupted. A trial whose live valid Dice
falls behind is pruned: its training ends after the present epoch, and what it reached is measured and kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli import progress
from tilecli.errors import ModelError, UsageError
from tilecli.experiments import store
from tilecli.experiments.compare import higher_is_better
from tilecli.experiments.queue import enqueue, worker
from tilecli.experiments.queue.grid import combinations
from tilecli.experiments.queue.study import Search, load_optuna, open_study, read
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project

_CALL = re.compile(r"(log|uniform|int)\(([^(),]+),([^(),]+)\)")
_LIVE = "valid_dice"  # of the epoch events; what pruning goes by


@dataclass(frozen=True)
class Axis:
    """What one setting may be: one of `choices`, or a number between `low` and `high`."""

    key: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False


def search_space(overrides: Iterable[str]) -> list[Axis]:
    """`-S key=…` with `log(low,high)`, `uniform(low,high)`, `int(low,high)`, or the values of a sweep."""
    axes = []
    for text in overrides:
        key, _, value = text.partition("=")
        call = _CALL.fullmatch(value.strip())
        if call is None:
            axes.append(Axis(key.strip(), choices=tuple(chosen[key.strip()] for chosen in combinations([text]))))
            continue
        kind = call[1]
        try:
            low, high = (int(part) if kind == "int" else float(part) for part in call.groups()[1:])
        except ValueError:
            raise UsageError(f"{kind} takes two numbers", where=text, hint=f"{kind}(low,high)") from None
        combinations([f"{key}={low}"])  # refuses an unknown setting
        if not low < high or (kind == "log" and low <= 0):
            raise UsageError(
                f"{kind} goes from a lower to a higher number{' above 0' if kind == 'log' else ''}", where=text
            )
        axes.append(Axis(key.strip(), low=low, high=high, log=kind == "log", whole=kind == "int"))
    return axes


def tune(
    project: Project,
    axes: list[Axis],
    settings: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    study: str,
    metric: str,
    trials: int,
    seed: int = 0,
    prune: bool = True,
) -> Search:
    """Run trials until the study has `trials` that ended; returns what it has tried by then.

    settings: maps chosen values to what differs from params.yaml, and raises a TilesError for what cannot be.
    """
    optuna = load_optuna()
    found = open_study(project, study, metric, seed=seed, create=True)
    for trial in found.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        # Whoever ran it was killed; a new trial takes its place.
        found.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        progress.note(f"trial {trial.number} of an earlier run did not end and does not count")
    ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    with progress.task("trials", trials, "trials") as ticks:
        ticks.done = len(found.get_trials(deepcopy=False, states=ended))
        while ticks.done < trials:
            trial = found.ask()
            chosen = {axis.key: _suggest(trial, axis) for axis in axes}
            trial.set_user_attr("settings", chosen)
            _run_trial(project, found, trial, settings(chosen), metric, prune=prune)
            ticks.advance()
    return read(found)


def _run_trial(
    project: Project, study: Any, trial: Any, settings: Mapping[str, Any], metric: str, *, prune: bool
) -> None:
    optuna = load_optuna()
    states = optuna.trial.TrialState
    queue = Queue(project)
    # Called after the study, so that the table of experiments shows what belongs together.
    name = _free_name(queue, project, f"{study.study_name}-{trial.number + 1}")
    (task,) = enqueue.enqueue(project, [settings], names=[name])
    trial.set_user_attr("experiment", task.name)
    finish = queue.place(task) / "finish"
    pruned = False

    def follow(event: progress.Event) -> None:
        nonlocal pruned
        value = event.data.get(_LIVE)
        if event.kind != "epoch" or not isinstance(value, (int, float)):
            return
        # Optuna compares in the study's direction; for a figure that is better when low, Dice is turned round.
        trial.report(value if higher_is_better(metric) else -value, int(event.done))
        if prune and not pruned and event.done < (event.total or 0) and trial.should_prune():
            pruned = True
            finish.touch()

    done = _run_here(queue, task, finish, follow)
    record = next((r for r in store.experiments(project) if r.rev == done.rev), None) if done.rev else None
    value = record.metrics.get(metric) if record else None
    if done.state == "stopped":
        study.tell(trial, state=states.FAIL)
        raise KeyboardInterrupt
    if record is not None and not isinstance(value, (int, float)):
        study.tell(trial, state=states.FAIL)
        raise ModelError(f"{task.name} has no figure '{metric}'", where="--metric", hint="tiles exp compare --all")
    if value is None:
        progress.warn(f"trial {trial.number + 1} failed: {done.error.get('message', '')}")
        study.tell(trial, state=states.FAIL)
        return
    trial.set_user_attr("metric", value)
    if pruned:
        study.tell(trial, state=states.PRUNED)
    else:
        study.tell(trial, value)


def _run_here(queue: Queue, task: Task, finish: Path, follow: Callable[[progress.Event], None]) -> Task:
    """Run one queued task in this process, as a worker would."""
    name = f"tune-{task.id}"
    with queue.at_work(name, {"jobs": 1}):
        taken = queue.claim(name, only=task.id)
        if taken is None:
            raise UsageError(f"{task.name} was taken by a worker", hint="tiles exp stop, then the same command again")
        worker.run_task(queue, taken, 1, follow=follow, variables={progress.FINISH_VARIABLE: str(finish)})
    return queue.find(task.name)


def _free_name(queue: Queue, project: Project, wanted: str) -> str:
    taken = {task.name for task in queue.tasks()} | {record.name for record in store.experiments(project)}
    return wanted if wanted not in taken else next(
        f"{wanted}-{again}" for again in range(2, 10**6) if f"{wanted}-{again}" not in taken
    )  # fmt: skip


def _suggest(trial: Any, axis: Axis) -> Any:
    if axis.choices:
        # Optuna keeps scalars only; lists go by their place.
        if all(choice is None or isinstance(choice, (bool, int, float, str)) for choice in axis.choices):
            return trial.suggest_categorical(axis.key, list(axis.choices))
        return axis.choices[trial.suggest_categorical(axis.key, range(len(axis.choices)))]
    if axis.whole:
        return trial.suggest_int(axis.key, int(axis.low), int(axis.high))
    return float(f"{trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log):.4g}")
