"""`tiles report`: writing one is what it does when no other of its verbs is named."""

from __future__ import annotations

import typer

from tilecli.cli.group import with_default
from tilecli.cli.report import gate, publish, write

_DEFAULT = "write"

app = typer.Typer(
    cls=with_default(_DEFAULT),
    help="What a run comes to, as a page and as Markdown; whether it may replace the one in use.",
    epilog="tiles report [RUN] is short for tiles report write [RUN].",
    rich_markup_mode="rich",
)
app.command(_DEFAULT)(write.write)
app.command("gate")(gate.gate)
app.command("publish")(publish.publish)
