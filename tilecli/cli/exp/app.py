"""`tiles exp`: run many experiments, see which is really better, keep the good ones."""

from __future__ import annotations

import typer

from tilecli.cli import train
from tilecli.cli.exp import compare, folds, manage, note, plot, queue, reproduce, share, show, sweep, tune

app = typer.Typer(no_args_is_help=True, help="Experiments: run many, compare them, keep the good ones.")

RUN, LOOK, KEEP, SHARE = "Run", "Look", "Keep", "Share"
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
app.command("folds", rich_help_panel=LOOK)(folds.folds)
app.command("plot", rich_help_panel=LOOK)(plot.plot)
app.command("list", rich_help_panel=LOOK)(share.list_)
app.command("show", rich_help_panel=LOOK)(show.show)
app.command("diff", rich_help_panel=LOOK)(show.diff)
app.command("open", rich_help_panel=LOOK)(show.open_)
app.command("apply", rich_help_panel=KEEP)(manage.apply)
app.command("note", rich_help_panel=KEEP)(note.note)
app.command("branch", rich_help_panel=KEEP)(manage.branch)
app.command("rename", rich_help_panel=KEEP)(manage.rename)
app.command("remove", rich_help_panel=KEEP)(manage.remove)
app.command("gc", rich_help_panel=KEEP)(manage.gc)
app.command("reproduce", rich_help_panel=KEEP)(reproduce.reproduce)
app.command("push", rich_help_panel=SHARE)(share.push)
app.command("pull", rich_help_panel=SHARE)(share.pull)
