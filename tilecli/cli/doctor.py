"""`tiles doctor`: what this machine can do, what is missing, and the command that mends each thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.diagnosis import Finding


@verb
def doctor(as_json: Json = False) -> None:
    """Check this machine, this installation and this project.

    Exit code 1 when something that the installed parts need is missing.
    """
    from tilecli.experiments.diagnosis import diagnose

    show(diagnose(), as_json=as_json)


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """What was found, with the command that mends each gap; exit code 1 where something is missing."""
    from dataclasses import asdict

    if as_json:
        terminal.print_json([asdict(finding) for finding in findings])
    else:
        signs = {"ok": "[good]✔[/]", "missing": "[defect]✘[/]", "hint": "[uncertain]![/]", "fact": "[muted]·[/]"}
        rows = []
        for finding in findings:
            mend = f"\n[command]{terminal.plain(finding.mend)}[/]" if finding.mend else ""
            text = terminal.plain(finding.text) + mend
            rows.append([signs[finding.state], finding.about, text])
        terminal.console().print(terminal.table("", [("", "left"), ("what", "left"), ("how it is", "left")], rows))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)
