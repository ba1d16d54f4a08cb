"""`tiles exp reproduce`: run an experiment again in a clean clone and compare the figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.keep.reproduce import Metric, Report
    from tilecli.experiments.store import Record
    from tilecli.layout import Project

DIFFERENT = 3  # exit code: it ran, and other figures came out


@verb
def reproduce(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Experiment or commit.")],
    start: Annotated[
        str, typer.Option("--from", metavar="STAGE", help="Run this stage and those after it again.")
    ] = "train",
    keep_clone: Annotated[bool, typer.Option("--keep-clone", help="Leave the clone for a look inside.")] = False,
    as_json: Json = False,
) -> None:
    """Run an experiment again in a clean clone and say whether the same figures come out.

    Data comes from the cache; the workspace is not touched. Exit code 0: the same, 3: different.

    Example: tiles exp reproduce higher-rate
    """
    from tilecli.cli.live import display
    from tilecli.experiments.keep.reproduce import reproduce as run_again
    from tilecli.layout import find_project

    project = find_project()
    record = _committed(project, name)
    with display():
        report = run_again(project, record, start=start, keep=keep_clone)
    if as_json:
        terminal.print_json(
            {**asdict(report), "same": report.same, "clone": str(report.clone) if report.clone else None}
        )
    else:
        _show(report)
    if not report.same:
        raise typer.Exit(DIFFERENT)


def _committed(project: Project, name: str) -> Record:
    from tilecli.errors import ProjectError
    from tilecli.experiments.naming import resolve

    record = resolve(project, name)
    if not record.rev:
        raise ProjectError("the workspace is no commit yet, so nothing can be cloned", hint="tiles exp list")
    return record


def _show(report: Report) -> None:
    from rich.markup import escape

    # Figures that hundreds of others go with are told by one line where they are the same.
    telling = [m for m in report.metrics if not m.same or not m.name.startswith(("intervals.", "per_defect."))]
    rows = [
        [escape(m.name), _value(m.before), _value(m.now), "same" if m.same else f"[warning]{_how(m)}[/]"]
        for m in telling
    ]
    columns = [("metric", "left"), ("recorded", "right"), ("again", "right"), ("", "left")]
    title = f"{escape(report.record.name)}: {', '.join(report.stages)} again"
    terminal.console().print(terminal.table(title, columns, rows))
    terminal.say(f"[muted]took {terminal.duration(report.seconds)}[/]")
    hidden = len(report.metrics) - len(telling)
    if hidden:
        terminal.say(f"[muted]and {hidden} intervals and figures by defect type, all the same[/]")
    if report.same_model is not None:
        terminal.say(f"the model is {'the same, bit for bit' if report.same_model else 'not the same bit for bit'}")
    if report.same:
        terminal.say("[good]✔[/] the same figures came out")
    else:
        terminal.say("[defect]✘[/] other figures came out")
    for reason in report.reasons:
        terminal.say(f"  {'not as it was then' if report.same else 'a possible reason'}: {escape(reason)}")
    if not report.same and not report.reasons:
        terminal.say("  device, precision, packages and code are as they were: the training itself is not repeatable")
    if report.clone:
        terminal.say(f"the clone is kept: {escape(str(report.clone))}")


def _how(metric: Metric) -> str:
    numbers = isinstance(metric.before, (int, float)) and isinstance(metric.now, (int, float))
    return f"differs by {metric.now - metric.before:+.3g}" if numbers else "differs"


def _value(value: Any) -> str:
    from rich.markup import escape

    return f"{value:.6f}" if isinstance(value, float) else "–" if value is None else escape(str(value))
