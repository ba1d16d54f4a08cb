"""`tiles data`: what the photos are, what is wrong with them, and in which formats they can leave."""

from __future__ import annotations

import typer

from tilecli.cli.data import audit, export, ignore

app = typer.Typer(no_args_is_help=True, help="Data: versions of the photos, batches, audits, formats.")

LOOK, SHARE = "Look", "Share"
app.command("audit", rich_help_panel=LOOK)(audit.audit)
app.command("ignore", rich_help_panel=LOOK)(ignore.ignore)
app.command("export", rich_help_panel=SHARE)(export.export)
