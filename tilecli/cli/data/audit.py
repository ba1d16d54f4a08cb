"""`tiles data audit`: what in the photos, masks and split hurts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.audit.report import Report

_NAMED = 2  # photos named per kind of finding


@verb
def audit(
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Where the page goes; default: audit/report.html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find what hurts: leaks, empty or contradicting masks, specks, outliers, labels that the model disputes.

    Writes audit/report.html, with pictures, and audit/report.json. Changes nothing else.
    Example: tiles data audit && tiles data ignore size exp1_num_7 --because "taken with the old camera"
    """
    from tilecli.audit import report as library
    from tilecli.audit.page import write_page
    from tilecli.cli.live import display
    from tilecli.layout import find_project

    project = find_project()
    page = html or project.audit / "report.html"
    with display():
        found = library.audit(project)
        library.write_report(project, found)
        write_page(project, found, page)
    if as_json:
        terminal.print_json(found.as_dict())
        return
    _show(found)
    typer.echo(str(page))
    if found.findings:
        first = found.findings[0]
        terminal.next_commands("look at the page in a browser", first.ignore)


def _show(report: Report) -> None:
    from tilecli.audit.finding import KINDS

    rows = []
    for kind, meant in KINDS.items():
        findings = report.of_kind(kind)
        named = ", ".join(finding.subject for finding in findings[:_NAMED]) + (" …" if len(findings) > _NAMED else "")
        state = "not looked for" if kind in report.skipped else str(len(findings) or "–")
        cells = [kind, meant.title, state, str(report.ignored.get(kind) or "–"), named]
        rows.append([terminal.plain(cell) for cell in cells])
    columns = [("kind", "left"), ("what", "left"), ("found", "right"), ("ignored", "right"), ("photos", "left")]
    terminal.console().print(terminal.table("", columns, rows))
    tiles = report.tiles
    terminal.say(
        f"[muted]{len(report.photos):,} photos of {tiles['count']:,} tiles; {tiles['photos_with_near_copies']:,} have "
        f"near-copies; {terminal.duration(report.seconds)}[/]"
    )
    if report.agreement:
        whole = report.agreement[-1]
        ends = whole["dice_mean_95"]
        terminal.say(
            f"[muted]labels of one spot agree with themselves at Dice {whole['dice_mean']:.3f}"
            f"{f' (95 % {ends[0]:.3f}–{ends[1]:.3f})' if ends else ''}: what the other exposures say, "
            "as if a model had drawn it[/]"
        )
    for kind, why in report.skipped.items():
        terminal.say(f"[muted]{kind}: {terminal.plain(why)}[/]")
