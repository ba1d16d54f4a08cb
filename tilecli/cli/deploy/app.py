"""`tiles deploy`: the bundle as an image, as a service with its figures, on Heroku; and what answers there."""

from __future__ import annotations

import typer

from tilecli.cli.deploy import check, compose, docker, heroku

app = typer.Typer(
    help="Bring a bundle to where it answers, and check what answers there.",
    epilog="Start with: tiles deploy docker --dry-run",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("docker")(docker.docker)
app.command("compose")(compose.compose)
app.command("heroku")(heroku.heroku)
app.command("check")(check.check)
