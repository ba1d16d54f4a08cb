"""`tiles exp tune`: search settings, every trial an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json, Preset
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Mapping


@verb
def tune(
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", "-S", metavar="KEY=SPACE", help="log(low,high), uniform(low,high), int(low,high), or 1,2,3."
        ),
    ],
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials that the study shall have in the end.")] = 20,
    metric: Annotated[str, typer.Option("--metric", help="The figure to improve.")] = "dice_mean",
    study: Annotated[str, typer.Option("--study", help="Name of the study; the same name goes on with it.")] = "tune",
    seed: Annotated[int, typer.Option("--seed", help="Of the search, not of the training.")] = 0,
    prune: Annotated[
        bool, typer.Option("--prune/--no-prune", help="End a training early whose valid Dice falls behind.")
    ] = True,
    preset: Preset = None,
    as_json: Json = False,
) -> None:
    """Search settings with Optuna (TPE); resumable, every trial an experiment.

    Example: tiles exp tune --trials 20 -S train.learning_rate=log(1e-4,1e-1) -S train.batch_size=8,16
    """
    from tilecli import progress
    from tilecli.cli import options
    from tilecli.experiments.project import check_form
    from tilecli.experiments.queue import tune as library
    from tilecli.layout import find_project

    project = find_project()
    check_form(study)
    axes = library.search_space(set_)

    def settings(chosen: Mapping[str, Any]) -> Mapping[str, Any]:
        return options.changes(project, preset, chosen)

    settings({axis.key: axis.choices[0] if axis.choices else axis.low for axis in axes})  # refuses what cannot be

    def say(event: progress.Event) -> None:
        if event.kind == "note":
            terminal.say(f"[muted]{terminal.plain(event.text)}[/]")
        elif event.kind == "warning":
            terminal.say(f"[warning]warning:[/] {terminal.plain(event.text)}")
        elif event.task == "trials" and event.kind == "step":
            terminal.say(f"trial {event.done:.0f}/{event.total:.0f} ended")

    try:
        with progress.listen(say):
            found = library.tune(
                project, axes, settings, study=study, metric=metric, trials=trials, seed=seed, prune=prune
            )
    except KeyboardInterrupt:
        terminal.say("stopped; the same command goes on with this study")
        raise
    _show(found, metric, axes, as_json=as_json)


def _show(study: Any, metric: str, axes: Any, *, as_json: bool) -> None:
    from tilecli.experiments.compare import higher_is_better
    from tilecli.experiments.queue.tune import importances

    shares = importances(study)
    trials = [
        {
            "trial": trial.number + 1,
            "experiment": trial.user_attrs.get("experiment"),
            "state": trial.state.name.lower(),
            metric: trial.user_attrs.get("metric"),
            **trial.params,
        }
        for trial in study.get_trials(deepcopy=False)
    ]
    if as_json:
        terminal.print_json({"study": study.study_name, "trials": trials, "importances": shares})
        return
    ended = [trial for trial in trials if isinstance(trial[metric], float | int)]
    ended.sort(key=lambda trial: trial[metric], reverse=higher_is_better(metric))
    names = [axis.key for axis in axes]
    columns = [("experiment", "left"), ("state", "left"), (metric, "right")]
    columns += [(name.removeprefix("train."), "right") for name in names]
    rows = [
        [
            str(trial["experiment"]),
            str(trial["state"]),
            f"[best]{terminal.number(trial[metric])}[/]" if trial is ended[0] else terminal.number(trial[metric]),
            *(f"{value:g}" if isinstance(value := trial.get(name), float) else str(value) for name in names),
        ]
        for trial in ended
    ]
    out = terminal.console()
    out.print(terminal.table(f"Study {study.study_name}", columns, rows))
    if shares:
        width = 30
        bars = [
            [name.removeprefix("train."), "━" * round(share * width), terminal.percent(share)]
            for name, share in shares.items()
        ]
        out.print(terminal.table(f"What {metric} hung on", [("", "left"), ("", "left"), ("", "right")], bars))
    if ended:
        best = ended[0]["experiment"]
        terminal.next_commands(f"tiles exp show {best}", f"tiles exp apply {best}")
