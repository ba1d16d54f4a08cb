"""`tiles doctor`: what this machine can do, what is missing, and the command that mends each thing."""

from __future__ import annotations

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def doctor(as_json: Json = False) -> None:
    """Check this machine, this installation and this project.

    Exit code 1 when something that the installed parts need is missing.
    """
    from dataclasses import asdict

    from tilecli.experiments.diagnosis import diagnose

    findings = diagnose()
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
