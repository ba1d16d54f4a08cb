"""`tiles report`: writing one is what it does when no other of its verbs is named."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from tilecli.cli.report import gate, publish, write

_DEFAULT = "write"


class _WithDefault(TyperGroup):
    """`tiles report main` means `tiles report write main`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default verb in front where none is named and no help is asked for."""
        if not (args and (args[0] in self.commands or args[0] in ctx.help_option_names)):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_WithDefault,
    help="What a run comes to, as a page and as Markdown; whether it may replace the one in use.",
    epilog="tiles report [RUN] is short for tiles report write [RUN].",
    rich_markup_mode="rich",
)
app.command(_DEFAULT)(write.write)
app.command("gate")(gate.gate)
app.command("publish")(publish.publish)
