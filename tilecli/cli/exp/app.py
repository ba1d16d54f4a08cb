"""`tiles exp`: run many experiments, see which is really better, keep the good ones."""

from __future__ import annotations

import typer

from tilecli.cli.exp import compare

app = typer.Typer(no_args_is_help=True, help="Experiments: run many, compare them, keep the good ones.")


@app.callback()
def _group() -> None:
    """Keep `compare` a sub-command while it is the only one."""


app.command("compare")(compare.compare)
