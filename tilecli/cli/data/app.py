"""`tiles data`: versions of the photos, what joins them, what is wrong with them, the way back, and where they lie."""

from __future__ import annotations

import typer

from tilecli.cli.data import audit, batches, export, gc, history, ignore, keep, label, look, remote, transfer

app = typer.Typer(no_args_is_help=True, help="Data: batches, versions, differences, audits, formats, remotes.")

PHOTOS, LOOK, KEEP, SHARE = "Photos", "Look", "Keep", "Share"
app.command("add", rich_help_panel=PHOTOS)(batches.add)
app.command("remove", rich_help_panel=PHOTOS)(batches.remove)
app.command("list", rich_help_panel=PHOTOS)(batches.list_)
app.command("label", rich_help_panel=PHOTOS)(label.label)
app.command("export", rich_help_panel=PHOTOS)(export.export)
app.command("status", rich_help_panel=LOOK)(look.status)
app.command("diff", rich_help_panel=LOOK)(look.diff)
app.command("log", rich_help_panel=LOOK)(history.log)
app.command("audit", rich_help_panel=LOOK)(audit.audit)
app.command("ignore", rich_help_panel=LOOK)(ignore.ignore)
app.command("commit", rich_help_panel=KEEP)(keep.commit)
app.command("tag", rich_help_panel=KEEP)(keep.tag)
app.command("rollback", rich_help_panel=KEEP)(history.rollback)
app.command("gc", rich_help_panel=KEEP)(gc.gc)
app.command("push", rich_help_panel=SHARE)(transfer.push)
app.command("pull", rich_help_panel=SHARE)(transfer.pull)
app.add_typer(remote.app, name="remote", rich_help_panel=SHARE)
