"""`tiles studio`: showing it is what it does when no other of its verbs is named."""

from __future__ import annotations

import typer

from tilecli.cli.group import with_default
from tilecli.cli.studio import export, show

_DEFAULT = "show"

app = typer.Typer(
    cls=with_default(_DEFAULT),
    help="Experiments, runs, queue, data and models in a browser, without a server elsewhere.",
    epilog="tiles studio is short for tiles studio show.",
    rich_markup_mode="rich",
)
app.command(_DEFAULT)(show.show)
app.command("export")(export.export)
