"""`tiles exp`: run many experiments, see which is really better, keep the good ones."""

from __future__ import annotations

import typer

from tilecli.cli.exp import compare, plot

app = typer.Typer(no_args_is_help=True, help="Experiments: run many, compare them, keep the good ones.")

app.command("compare")(compare.compare)
app.command("plot")(plot.plot)
