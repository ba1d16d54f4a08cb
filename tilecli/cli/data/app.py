"""`tiles data`: versions of the photos, what joins them, and the way back."""

from __future__ import annotations

import typer

from tilecli.cli.data import batches, gc, history, keep, label, look

app = typer.Typer(no_args_is_help=True, help="Data: versions, batches, differences, and the way back.")

PHOTOS, LOOK, KEEP = "Photos", "Look", "Keep"
app.command("add", rich_help_panel=PHOTOS)(batches.add)
app.command("remove", rich_help_panel=PHOTOS)(batches.remove)
app.command("list", rich_help_panel=PHOTOS)(batches.list_)
app.command("label", rich_help_panel=PHOTOS)(label.label)
app.command("status", rich_help_panel=LOOK)(look.status)
app.command("diff", rich_help_panel=LOOK)(look.diff)
app.command("log", rich_help_panel=LOOK)(history.log)
app.command("commit", rich_help_panel=KEEP)(keep.commit)
app.command("tag", rich_help_panel=KEEP)(keep.tag)
app.command("rollback", rich_help_panel=KEEP)(history.rollback)
app.command("gc", rich_help_panel=KEEP)(gc.gc)
