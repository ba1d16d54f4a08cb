"""The `tiles` command: all verbs, in the order of the work. Imports nothing heavy."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tilecli import __version__
from tilecli.cli import bench, doctor, evaluate, export, fetch, init, predict, serve, split, train
from tilecli.cli.ci.app import app as ci
from tilecli.cli.data.app import app as data
from tilecli.cli.deploy.app import app as deploy
from tilecli.cli.exp.app import app as experiments
from tilecli.cli.model.app import app as model
from tilecli.cli.report.app import app as report
from tilecli.cli.studio.app import app as studio
from tilecli.errors import TRACEBACK_VARIABLE

app = typer.Typer(
    name="tiles",
    help="From photos of parts with defect masks to a measured, deployed defect detector.",
    epilog="Start with: tiles init demo --preset demo && cd demo && tiles train",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tiles {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show the full traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    if traceback:
        os.environ[TRACEBACK_VARIABLE] = "1"


DATA, MODEL, HELP = "Data", "Model", "This machine"
app.command("init", rich_help_panel=DATA)(init.init)
app.command("fetch", rich_help_panel=DATA)(fetch.fetch)
app.command("split", rich_help_panel=DATA)(split.split)
app.add_typer(data, name="data", rich_help_panel=DATA)
app.command("train", rich_help_panel=MODEL)(train.train)
app.command("export", rich_help_panel=MODEL)(export.export)
app.command("eval", rich_help_panel=MODEL)(evaluate.evaluate)
app.command("predict", rich_help_panel=MODEL)(predict.predict)
app.command("serve", rich_help_panel=MODEL)(serve.serve)
app.add_typer(experiments, name="exp", rich_help_panel=MODEL)
app.add_typer(studio, name="studio", rich_help_panel=MODEL)
app.add_typer(report, name="report", rich_help_panel=MODEL)
app.add_typer(model, name="model", rich_help_panel=MODEL)
app.add_typer(deploy, name="deploy", rich_help_panel=MODEL)
app.add_typer(ci, name="ci", rich_help_panel=MODEL)
app.command("doctor", rich_help_panel=HELP)(doctor.doctor)
app.command("bench", rich_help_panel=HELP)(bench.bench)


def main() -> None:
    """Run the command line; `--traceback` is understood wherever it stands."""
    if "--traceback" in sys.argv[1:]:
        sys.argv.remove("--traceback")
        os.environ[TRACEBACK_VARIABLE] = "1"
    _narrowed(app, sys.argv[1:])()


def _narrowed(whole: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """`whole` with the one verb that `words` begin with: setting up all of them costs a third of a second.

    Without a known verb in front it is `whole` itself, for help and for errors that name what there is.
    """
    if not words:
        return whole
    commands = [entry for entry in whole.registered_commands if entry.name == words[0]]
    groups = [entry for entry in whole.registered_groups if entry.name == words[0]]
    if not commands and not groups:
        return whole
    found = copy.copy(whole)
    found.registered_commands = commands
    found.registered_groups = [copy.copy(entry) for entry in groups]
    for entry in found.registered_groups:
        if entry.typer_instance is not None:
            entry.typer_instance = _narrowed(entry.typer_instance, words[1:])
    return found
