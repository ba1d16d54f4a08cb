"""`tiles exp show`, `diff` and `open`: one run in full, what differs between two, and a run's pictures."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.describe import Description
    from tilecli.experiments.store import Record

Name = Annotated[str, typer.Argument(metavar="NAME", help="Experiment, commit or 'workspace'.")]


@verb
def show(
    name: Name,
    everything: Annotated[bool, typer.Option("--all", help="Every param and every metric.")] = False,
    as_json: Json = False,
) -> None:
    """Show everything about one run, and the commands that make it again.

    Example: tiles exp show higher-rate
    """
    from tilecli.experiments.describe import describe
    from tilecli.layout import find_project

    found = describe(find_project(), name)
    if as_json:
        params = {key: {"baseline": before, "here": here} for key, (before, here) in found.params.items()}
        terminal.print_json({**asdict(found), "params": params, "files": list(found.files)})
        return
    out = terminal.console()
    _facts(
        [
            ("run", f"[bold]{_text(found.record.name)}[/]"),
            ("commit", found.record.rev[:10]),
            ("started from", f"{found.record.baseline[:10]} {_text(found.subject)}".strip()),
            ("created", _when(found.record.created)),
            ("why", _text(found.message)),
            ("model", found.model),
            ("trained", _text(_trained(found.training))),
            ("with", _text(", ".join(f"{name} {version}" for name, version in found.packages.items()))),
            ("own changes", _text(", ".join(found.files))),
        ]
    )
    _params(found, everything=everything)
    _metrics(found.record, found.base, everything=everything)
    _defects(found.record)
    for what in found.record.broken:
        terminal.say(f"[warning]![/] cannot read {what}")
    if found.commands:
        out.print("[muted]to make it again:[/]")
        for command in found.commands:
            out.print(f"  [command]{_text(command)}[/]", soft_wrap=True)


@verb
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="Experiment, commit or 'workspace'.")],
    second: Annotated[
        str | None, typer.Argument(metavar="[B]", help="The same; left out: what A started from.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what differs between two runs: params, metrics and files.

    Example: tiles exp diff higher-rate workspace
    """
    from tilecli.experiments.describe import difference
    from tilecli.layout import find_project

    found = difference(find_project(), first, second)
    # Read from what was to what is: without B, A is the newer one.
    turned = second is None
    old, new = (found.second, found.first) if turned else (found.first, found.second)
    pairs = [
        {name: (b, a) if turned else (a, b) for name, (a, b) in values.items()}
        for values in (found.params, found.metrics)
    ]
    words = {"added": "deleted", "deleted": "added"} if turned else {}
    changed = {path: words.get(how, how) for path, how in found.files.items()}
    if as_json:
        labelled = [{name: {"a": a, "b": b} for name, (a, b) in values.items()} for values in pairs]
        terminal.print_json(
            {"a": _brief(old), "b": _brief(new), "params": labelled[0], "metrics": labelled[1], "files": changed}
        )
        return
    if not any((*pairs, changed)):
        terminal.say(f"{_text(old.name)} and {_text(new.name)} are the same")
        return
    out = terminal.console()
    before, now = _text(_short(old)), _text(_short(new))
    if pairs[0]:
        rows = [[_text(key), _value(a), _value(b)] for key, (a, b) in pairs[0].items()]
        out.print(terminal.table("Params", [("param", "left"), (before, "right"), (now, "right")], rows))
    if pairs[1]:
        columns = [("metric", "left"), (before, "right"), (now, "right"), ("difference", "left")]
        rows = [[_text(key), _value(a), _value(b), _change(key, b, a)] for key, (a, b) in pairs[1].items()]
        out.print(terminal.table("Metrics", columns, rows))
    if changed:
        rows = [[_text(path), how] for path, how in changed.items()]
        out.print(terminal.table("Files", [("path", "left"), (f"in {now}", "left")], rows))


@verb
def open_(
    name: Name,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the folder.")] = False,
) -> None:
    """Lay out a run's pictures and tables in a folder of their own, print its path, and open it on a desktop.

    Example: tiles exp open higher-rate
    """
    import os

    from tilecli.experiments.keep.pictures import lay_out
    from tilecli.experiments.naming import resolve
    from tilecli.layout import find_project

    project = find_project()
    folder = lay_out(project, resolve(project, name))
    sys.stdout.write(f"{folder}\n")
    desktop = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if desktop and sys.stdout.isatty() and not only_print:
        typer.launch(str(folder))


def _facts(rows: list[tuple[str, str]]) -> None:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for label, text in rows:
        if text:
            grid.add_row(f"[muted]{label}[/]", text)
    terminal.console().print(grid)


def _params(found: Description, *, everything: bool) -> None:
    out = terminal.console()
    if everything:
        marked = [
            [_text(key), f"[best]{_value(value)}[/]" if key in found.params else _value(value)]
            for key, value in found.record.params.items()
        ]
        out.print(terminal.table("Params", [("param", "left"), ("value", "right")], marked))
    elif found.params:
        rows = [[_text(key), _value(here), _value(before)] for key, (before, here) in found.params.items()]
        columns = [("param", "left"), ("value", "right"), ("baseline", "right")]
        out.print(terminal.table("Changed params", columns, rows))


def _metrics(record: Record, base: Record | None, *, everything: bool) -> None:
    from tilecli.experiments.compare import headline_metrics

    names = [name for name in record.metrics if not name.startswith(("intervals.", "per_defect."))]
    if not everything:
        names = headline_metrics([record])
    if not names:
        return
    intervals = any(_interval(record, name) for name in names)
    compared = base is not None and any(base.metrics.get(name) is not None for name in names)
    columns = [("metric", "left"), ("value", "right")]
    columns += [("95 % interval", "left")] if intervals else []
    columns += [("baseline", "right"), ("difference", "left")] if compared else []
    rows = []
    for name in names:
        row = [_text(name), _value(record.metrics[name])]
        row += [_interval(record, name)] if intervals else []
        if compared and base is not None:
            row += [_value(base.metrics.get(name)), _change(name, record.metrics[name], base.metrics.get(name))]
        rows.append(row)
    terminal.console().print(terminal.table("Metrics", columns, rows))


def _defects(record: Record) -> None:
    figures = {key.removeprefix("per_defect."): value for key, value in record.metrics.items() if "per_defect." in key}
    kinds = [key.removesuffix(".dice") for key in figures if key.endswith(".dice")]
    if not kinds:
        return
    rows = [
        [_text(kind), *(_value(figures.get(f"{kind}.{what}")) for what in ("dice", "recall", "photos"))]
        for kind in kinds
    ]
    columns = [("defect", "left"), ("Dice", "right"), ("recall", "right"), ("photos", "right")]
    terminal.console().print(terminal.table("By defect type", columns, rows))


def _interval(record: Record, name: str) -> str:
    ends = record.intervals.get(name)
    return f"{terminal.number(ends[0])}–{terminal.number(ends[1])}" if ends else ""


def _trained(run: dict[str, Any]) -> str:
    parts = [f"{run['epochs']} epochs"] if "epochs" in run else []
    parts += [terminal.duration(run["seconds"])] if isinstance(run.get("seconds"), (int, float)) else []
    parts += [f"on {run['device']}"] if "device" in run else []
    parts += [f"{run['threads']} threads"] if run.get("threads") else []
    parts += [str(run["precision"])] if "precision" in run else []
    parts += [f"seed {run['seed']}"] if "seed" in run else []
    parts += [f"encoder weights {run['encoder_weights']}"] if "encoder_weights" in run else []
    parts += ["resumed"] if run.get("resumed") else []
    return ", ".join(parts)


def _change(name: str, value: Any, old: Any) -> str:
    """▲ and by how much, with a word, because an arrow alone does not say which way is good."""
    from tilecli.experiments.compare import higher_is_better

    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in (value, old)):
        return ""
    if value == old:
        return "same"
    better = (value > old) == higher_is_better(name)
    return f"{'▲' if value > old else '▼'} {terminal.number(abs(value - old))} {'better' if better else 'worse'}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return terminal.number(value) if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"
    return "–" if value is None else _text(str(value))


def _when(created: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(created):%d %b %Y %H:%M}" if created else ""


def _short(record: Record) -> str:
    return record.name[:10] if record.name == record.rev else record.name


def _brief(record: Record) -> dict[str, str]:
    return {"name": record.name, "rev": record.rev, "baseline": record.baseline}


def _text(text: str) -> str:
    from rich.markup import escape

    return escape(text)
