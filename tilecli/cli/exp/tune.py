"""`tiles exp tune`: search settings, every trial an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.exp import picture
from tilecli.cli.options import Json, Preset
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tilecli.experiments.queue.study import Search


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
    out: picture.Out = None,
    open_: picture.Open = False,
    as_json: Json = False,
) -> None:
    """Search settings with Optuna (TPE); resumable, every trial an experiment.

    Example: tiles exp tune --trials 20 -S train.learning_rate=log(1e-4,1e-1) -S train.batch_size=8,16
    """
    from tilecli import progress
    from tilecli.cli import options
    from tilecli.experiments.plots.plot import ending
    from tilecli.experiments.project import check_form
    from tilecli.experiments.queue import tune as library
    from tilecli.layout import find_project

    project = find_project()
    check_form(study)
    # Beside the study, not into the project: DVC would ask about a file that git does not know.
    out = out or project.scratch / "tune" / f"{study}.html"
    kind = ending(out)
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
    path = _draw(found, out, kind, project.root.name)
    if as_json:
        _print_json(found, path)
    else:
        _show(found, [axis.key for axis in axes], path)
    if open_ and path:
        picture.show(path)


def _draw(search: Search, out: Path, kind: str, project: str) -> Path | None:
    """Draw the search; None where there is too little of it for a picture."""
    if len(search.measured) < 2:
        return None
    if kind == "html":
        from tilecli.experiments.plots.search_html import write
    else:
        from tilecli.experiments.plots.search_png import write
    write(search, out, project)
    return out


def _print_json(search: Search, path: Path | None) -> None:
    trials = [
        {"trial": trial.number, "experiment": trial.experiment or None, "state": trial.state}
        | {search.metric: trial.value, **trial.settings}
        for trial in search.trials
    ]
    found = {"study": search.name, "trials": trials, "importances": search.importances, "notes": search.notes}
    terminal.print_json(found | {"picture": str(path) if path else None})


def _show(search: Search, names: list[str], path: Path | None) -> None:
    ranked = search.ranked
    columns = [("experiment", "left"), ("state", "left"), (search.metric, "right")]
    columns += [(name.removeprefix("train."), "right") for name in names]
    rows = [
        [
            trial.experiment,
            trial.state,
            f"[best]{terminal.number(trial.value)}[/]" if trial is ranked[0] else terminal.number(trial.value),
            *(_value(trial.settings[name]) if name in trial.settings else "–" for name in names),
        ]
        for trial in ranked
    ]
    out = terminal.console()
    out.print(terminal.table(f"Study {search.name}", columns, rows))
    if search.importances:
        width = 30
        bars = [
            [name.removeprefix("train."), "━" * round(share * width), terminal.percent(share)]
            for name, share in search.importances.items()
        ]
        out.print(terminal.table(f"What {search.metric} hung on", [("", "left"), ("", "left"), ("", "right")], bars))
    for note in search.notes:
        terminal.say(f"[muted]{terminal.plain(note)}[/]")
    if path:
        terminal.say(f"drawn in {terminal.plain(path)}")
    else:
        terminal.say("[muted]a picture of the search needs two trials that were measured[/]")
    if ranked:
        best = ranked[0].experiment
        terminal.next_commands(f"tiles exp show {best}", f"tiles exp apply {best}")


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else terminal.plain(value)
