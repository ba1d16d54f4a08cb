"""`tiles exp`: run many experiments, see which is really better, keep the good ones."""

from __future__ import annotations

import typer

from tilecli.cli import train
from tilecli.cli.exp import compare, queue, sweep, tune

app = typer.Typer(no_args_is_help=True, help="Experiments: run many, compare them, keep the good ones.")


RUN, LOOK = "Run", "Look and compare"
app.command("run", rich_help_panel=RUN)(train.train)
app.command("sweep", rich_help_panel=RUN)(sweep.sweep)
app.command("tune", rich_help_panel=RUN)(tune.tune)
app.command("start", rich_help_panel=RUN)(queue.start)
app.command("status", rich_help_panel=RUN)(queue.status)
app.command("logs", rich_help_panel=RUN)(queue.logs)
app.command("stop", rich_help_panel=RUN)(queue.stop)
app.command("retry", rich_help_panel=RUN)(queue.retry)
app.command("clear", rich_help_panel=RUN)(queue.clear)
app.command("compare", rich_help_panel=LOOK)(compare.compare)
