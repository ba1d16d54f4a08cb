"""`tiles model`: the registry of versions and stages, and pretrained weights."""

from __future__ import annotations

import typer

from tilecli.cli.model import registry, weights

app = typer.Typer(
    help="Models: versions and stages in git, and pretrained weights for where there is no network.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("register")(registry.register)
app.command("promote")(registry.promote)
app.command("list")(registry.list_versions)
app.command("show")(registry.show)
app.command("history")(registry.history)
app.command("pull")(registry.pull)
app.command("cache-weights")(weights.cache_weights)
