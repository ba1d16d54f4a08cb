"""`tiles report gate`: may this run replace the one in use?"""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.report.write import Against, Out, Run
from tilecli.cli.verb import verb


@verb
def gate(
    run: Run = "workspace",
    against: Against = None,
    metric: Annotated[str, typer.Option("--metric", help="The figure that decides.")] = "dice_mean",
    least: Annotated[
        float | None, typer.Option("--min", help="What the metric must reach; where lower is better, stay below.")
    ] = None,
    max_regression: Annotated[
        float, typer.Option("--max-regression", min=0, help="How much evidently worse than the base it may be.")
    ] = 0.0,
    floor: Annotated[
        list[str] | None,
        typer.Option("--floor", metavar="TYPE=DICE", help="Least pooled Dice of a defect type; repeatable."),
    ] = None,
    max_false_alarms: Annotated[
        float | None, typer.Option("--max-false-alarms", min=0, max=1, help="Largest share of good photos, 0 to 1.")
    ] = None,
    need_base: Annotated[bool, typer.Option("--need-base", help="Stop a run that cannot be compared, too.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Decide whether a run may replace its base: exit code 0, or 3 with the reasons.

    Worse is what the paired bootstrap over tiles calls worse (see tiles exp compare), not what happens to be lower. The
    decision is written to gate.json, and the next report of this run shows it.

    Example: tiles report gate --against main --min 0.8 --floor crack=0.6 --max-false-alarms 0.03
    """
    from tilecli.errors import GateError
    from tilecli.layout import find_project
    from tilecli.reporting import decision
    from tilecli.reporting.gate import Demands, parse_floors

    project = find_project()
    demands = Demands(metric, least, max_regression, parse_floors(floor or []), max_false_alarms, need_base)
    found = decision.decide(project, run, against, demands)
    path = decision.write(found, out or project.report)
    if as_json:
        terminal.print_json(found.as_dict())
    else:
        console = terminal.console()
        base = f" against {terminal.plain(found.base.name)}" if found.base else ""
        word = "[good]✓ passed[/]" if found.passed else "[defect]✗ stopped[/]"
        console.print(f"{word} {terminal.plain(found.run.name)}{base}", soft_wrap=True)
        for check in found.checks:
            mark = "[good]✓[/]" if check.passed else "[defect]✗[/]"
            console.print(f"  {mark} {terminal.plain(check.about)}: {terminal.plain(check.words)}", soft_wrap=True)
        terminal.say(f"[muted]{terminal.plain(path)}[/]")
    if not found.passed:
        raise typer.Exit(GateError.exit_code)
