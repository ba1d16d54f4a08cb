"""`tiles data`: versions of the photos, and where they lie."""

from __future__ import annotations

import typer

from tilecli.cli.data import remote, transfer

app = typer.Typer(no_args_is_help=True, help="Data: versions of the photos, batches, and where they lie.")

SHARE = "Share"
app.command("push", rich_help_panel=SHARE)(transfer.push)
app.command("pull", rich_help_panel=SHARE)(transfer.pull)
app.add_typer(remote.app, name="remote", rich_help_panel=SHARE)
