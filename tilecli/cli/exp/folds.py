"""`tiles exp folds`: cross-validations, and what the folds of one say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import options, terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.pooling import Pooled, Spread
    from tilecli.inference.threshold import Choice
    from tilecli.layout import Project

# Of a single fold and of the list of groups, in reading order: figure, heading.
_SHORT = {
    "dice_mean": "Dice",
    "dice_photo": "Dice per photo",
    "auroc": "AUROC",
    "false_alarm_rate": "false alarms",
    "defect_recall": "recall",
}


@verb
def folds(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Default: list all.")] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Put what all folds speak for into params.yaml: calibration, thresholds."),
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print what was recorded of each photo, by the fold that did not know it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List cross-validations, or show one: pooled figures, their spread over the folds, every type, thresholds.

    Example: tiles exp folds NAME --apply
    """
    from tilecli.errors import UsageError
    from tilecli.layout import find_project

    project = find_project()
    if as_csv and (as_json or apply):
        raise UsageError("--csv stands alone", hint="tiles exp folds NAME --csv")
    if name is not None and as_csv:
        _print_photos(project, name)
        return
    if name is not None:
        show_group(project, name, apply=apply, as_json=as_json)
        return
    if apply or as_csv:
        option = "--apply" if apply else "--csv"
        raise UsageError(
            f"{option} needs to know which", hint=f"tiles exp folds lists them; tiles exp folds NAME {option}"
        )
    _list(project, as_json=as_json)


def _print_photos(project: Project, name: str) -> None:
    import csv
    import sys

    from tilecli.evaluation import records
    from tilecli.experiments import folds as library
    from tilecli.experiments import store

    found = library.read(project, library.find(store.experiments(project), name))
    columns = records.columns_of(row for fold in found for row in fold.rows)
    writer = csv.DictWriter(sys.stdout, [*columns, "experiment"], lineterminator="\n")
    writer.writeheader()
    for fold in found:
        writer.writerows({**records.as_row(row, columns), "experiment": fold.record.name} for row in fold.rows)


def show_group(project: Project, name: str, *, apply: bool = False, as_json: bool = False) -> None:
    """Print what the folds of `name` say together; with `apply`, take over the settings they speak for."""
    from tilecli.experiments import folds as library
    from tilecli.experiments import pooling, store

    group = library.find(store.experiments(project), name)
    found = pooling.pool(group, library.read(project, group))
    chosen = pooling.settings(found)
    if apply:
        # Written only where it differs, so that a second time changes no file.
        options.write_changes(project, options.changes(project, typed=chosen))
    if as_json:
        terminal.print_json({**found.as_dict(), "settings": chosen, "applied": apply and bool(chosen)})
        return
    _show(found)
    _say_settings(chosen, name, apply=apply)


def _list(project: Project, *, as_json: bool) -> None:
    from tilecli.experiments import folds as library
    from tilecli.experiments import pooling, store

    found = library.groups(store.experiments(project))
    spread = {group.name: pooling.spread_of(group, list(_SHORT)) for group in found}
    if as_json:
        terminal.print_json(
            [
                {
                    "name": group.name,
                    "folds": group.folds,
                    "experiments": {record.name: record.rev for record in group.members},
                    "missing": group.missing,
                    "spread": {figure: vars(value) for figure, value in spread[group.name].items()},
                }
                for group in found
            ]
        )
        return
    if not found:
        terminal.say("no cross-validations yet. [muted]next:[/]  [command]tiles train --folds 5[/]")
        return
    columns = [("name", "left"), ("folds", "right"), *((heading, "right") for heading in _SHORT.values())]
    rows = [
        [
            terminal.plain(group.name),
            f"{len(group.members)}/{group.folds}",
            *(_mean(spread[group.name].get(figure)) for figure in _SHORT),
        ]
        for group in found
    ]
    out = terminal.console()
    out.print(terminal.table("Cross-validations: mean ± sd over the folds", columns, rows))
    for group in found:
        if group.missing:
            terminal.say(
                f"[warning]![/] {terminal.plain(group.name)} lacks {terminal.plain(', '.join(group.missing))}; "
                "the tiles train --folds that began it goes on with them"
            )
    terminal.next_commands(f"tiles exp folds {found[0].name}")


def _show(found: Pooled) -> None:
    group, figures, out = found.group, found.figures, terminal.console()
    dice = _with_interval(figures["dice_mean"], found.intervals.get("dice_mean"))
    out.print(
        f"[best]{terminal.plain(group.name)}: Dice {dice} pooled over {figures['photos']} photos of "
        f"{figures['tiles']} tiles in {group.folds} folds[/]",
        soft_wrap=True,
    )
    out.print(
        "[muted]each photo tested once, by a model that was not trained on its tile, at that model's own thresholds; "
        "95 % by resampling whole tiles[/]",
        soft_wrap=True,
    )
    columns = [("figure", "left"), ("pooled (95 %)", "right"), ("mean ± sd over folds", "right")]
    rows = [
        [name, _with_interval(figures[name], found.intervals.get(name)), _mean(found.spread.get(name))]
        for name in figures
        if name in found.spread
    ]
    out.print(terminal.table("", columns, rows))
    _show_types(found)
    _show_each(found)


def _show_types(found: Pooled) -> None:
    columns = [("type", "left"), ("photos", "right"), ("tiles", "right"), ("Dice (95 %)", "right")]
    columns += [("over folds", "right"), ("per photo", "right"), ("recall", "right"), ("called defective", "right")]
    rows = []
    for kind, values in found.figures["per_defect"].items():
        # Of good photos, those called defective are the false alarms.
        called = values.get("flagged_rate", values.get("false_alarm_rate"))
        rows.append(
            [
                terminal.plain(kind),
                str(values["photos"]),
                str(values["tiles"]),
                _with_interval(values.get("dice"), found.type_intervals.get(kind)),
                _mean(found.type_spread.get(kind)),
                terminal.number(values.get("dice_photo")),
                terminal.percent(values.get("recall")),
                terminal.percent(called),
            ]
        )
    terminal.console().print(terminal.table("By type", columns, rows))


def _show_each(found: Pooled) -> None:
    columns = [("fold", "left"), ("photos", "right"), ("tiles", "right")]
    columns += [*((heading, "right") for heading in _SHORT.values()), ("pixel from", "right"), ("photo from", "right")]
    rows = [
        [
            terminal.plain(name),
            str(values["photos"]),
            str(values["tiles"]),
            *(terminal.number(values[figure]) for figure in _SHORT),
            terminal.number(values["threshold"]),
            terminal.number(values["verdict_threshold"]),
        ]
        for name, values in found.by_fold.items()
    ]
    out = terminal.console()
    out.print(terminal.table("By fold", columns, rows))
    if found.counts is None:
        terminal.say(
            "[warning]![/] not every fold recorded evaluation/histogram.csv, so thresholds cannot be chosen over all "
            "of them; dvc.yaml must list it among the outs of evaluate"
        )
    rows = [
        [what, *_choice(choice), by]
        for what, choice, by in (
            ("a pixel is defect from", found.pixels, "pooled Dice"),
            ("a photo is defective from", found.verdict, "balanced accuracy"),
        )
        if choice is not None
    ]
    if rows:
        columns = [("", "left"), ("threshold", "right"), ("as good", "right"), ("reaches", "right"), ("", "left")]
        out.print(terminal.table("Chosen over all photos, of calibrated probabilities", columns, rows))


def _say_settings(chosen: dict[str, float], name: str, *, apply: bool) -> None:
    if not chosen:
        if apply:
            terminal.say("[warning]![/] there is nothing to apply")
        return
    words = ", ".join(f"{key} {value:g}" for key, value in chosen.items())
    if apply:
        terminal.say(f"params.yaml now has {words}")
        terminal.next_commands("tiles export", f'git commit -am "Thresholds of {name}"')
    else:
        terminal.next_commands(f"tiles exp folds {name} --apply", f"tiles exp compare {name} OTHER-FOLDS")


def _choice(choice: Choice) -> list[str]:
    low, high = choice.plateau
    return [f"{choice.threshold:g}", f"{low:g}–{high:g}", terminal.number(choice.reached)]


def _mean(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return terminal.number(spread.mean) + (f" ± {terminal.number(spread.sd)}" if spread.sd is not None else "")


def _with_interval(value: Any, ends: tuple[float, float] | None) -> str:
    text = terminal.number(value)
    return f"{text} ({terminal.number(ends[0])}–{terminal.number(ends[1])})" if ends else text
