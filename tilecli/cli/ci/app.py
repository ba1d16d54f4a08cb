"""`tiles ci`: workflows for GitHub and GitLab, and the steps that they are made of."""

from __future__ import annotations

import typer

from tilecli.cli.ci import check, init, steps

app = typer.Typer(
    help="Workflows that train, report and deploy on every push, and their steps, to be run by hand too.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
STEPS = "Steps of the workflows"
app.command("init")(init.init)
app.command("check")(check.check)
app.command("keep", rich_help_panel=STEPS)(steps.keep)
app.command("verdict", rich_help_panel=STEPS)(steps.verdict)
app.command("merge", rich_help_panel=STEPS)(steps.merge)
app.command("release", rich_help_panel=STEPS)(steps.release)
