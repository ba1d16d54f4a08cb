"""`tiles exp compare`: what the experiments were and which is the best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli.exp import recall
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.compare import Row
    from tilecli.experiments.store import Commits, History, Record
    from tilecli.layout import Project

ROWS, COLUMNS, FORM, COMMITS = "Rows", "Columns", "Form", "Commits"


@verb
def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these; two names: is one really better than the other?"),
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Two names: on the photos that both were tested on, where those differ.")
    ] = False,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="NAME", help="A metric (best first) or a param.", rich_help_panel=ROWS),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Only the first N experiments.", rich_help_panel=ROWS)
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="TEXT",
            help="Only experiments for which this is true: 'dice_mean > 0.8 and train.batch_size in [8, 16]'.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every metric and every param.", rich_help_panel=COLUMNS)
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="REGEX", help="Always show these columns.", rich_help_panel=COLUMNS),
    ] = None,
    drop: Annotated[
        str | None,
        typer.Option("--drop", metavar="REGEX", help="Never show these columns.", rich_help_panel=COLUMNS),
    ] = None,
    precision: Annotated[
        int, typer.Option("--precision", min=1, max=17, help="Digits of figures.", rich_help_panel=COLUMNS)
    ] = 3,
    rev: Annotated[
        list[str] | None,
        typer.Option(
            "--rev", metavar="REV", help="Only what started from this commit; repeatable.", rich_help_panel=COMMITS
        ),
    ] = None,
    last: Annotated[
        int | None, typer.Option("-n", "--num", min=1, help="The last N commits.", rich_help_panel=COMMITS)
    ] = None,
    all_commits: Annotated[bool, typer.Option("--all-commits", help="Every commit.", rich_help_panel=COMMITS)] = False,
    all_branches: Annotated[
        bool, typer.Option("--all-branches", help="The tip of every branch.", rich_help_panel=COMMITS)
    ] = False,
    all_tags: Annotated[bool, typer.Option("--all-tags", help="Every tagged commit.", rich_help_panel=COMMITS)] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, figures in full.", rich_help_panel=FORM)] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print a Markdown table.", rich_help_panel=FORM)] = False,
    as_json: Json = False,
) -> None:
    """Compare the workspace, the commits and every experiment that started from them in one table.

    Example: tiles exp compare --sort dice_mean --filter "train.batch_size == 16"
    """
    from tilecli.errors import UsageError
    from tilecli.experiments.store import Commits
    from tilecli.layout import find_project

    forms = [form for form, on in (("json", as_json), ("csv", as_csv), ("md", as_markdown)) if on]
    if len(forms) > 1:
        raise UsageError("one form at a time", where=" ".join(f"--{form}" for form in forms))
    project = find_project()
    if names and len(names) == 2:
        from tilecli.cli.exp.judge import judge

        judge(project, names[0], names[1], shared=shared, as_json=as_json)
        return
    if shared:
        raise UsageError("--shared is for two runs", hint="tiles exp compare A B --shared")
    commits = Commits(tuple(rev or ()), last or 0, every=all_commits, branches=all_branches, tags=all_tags)
    patterns = {"keep": _pattern("--keep", keep), "drop": _pattern("--drop", drop)}
    found = _rows(project, commits, names or [], where=where, sort=sort, top=top)
    from tilecli.cli.exp import written

    if as_json:
        with recall.keeping():
            written.as_json(found)
        return
    from tilecli.cli.exp import table
    from tilecli.cli.exp.columns import Wish
    from tilecli.experiments.compare import sort_key

    key = sort_key(sort, [row.record for row in found]) if sort and len(found) > 1 else None
    wish = Wish(everything, patterns["keep"], patterns["drop"], key, precision)
    with recall.keeping():
        if as_csv:
            written.as_csv(found, wish)
        elif as_markdown:
            written.as_markdown(found, wish)
        else:
            table.show(found, wish, chosen=bool(names or where))


def _rows(
    project: Project, commits: Commits, names: list[str], *, where: str | None, sort: str | None, top: int | None
) -> list[Row]:
    """The lines of the comparison, in their order."""
    from tilecli.experiments import compare as comparison
    from tilecli.experiments import store
    from tilecli.experiments.queue.waiting import waiting

    history = store.history(project, commits, waiting(project))
    if not names:
        return comparison.rows(history, filtered=where, sort=sort, top=top)
    chosen = [_named(project, history, name) for name in names]
    if sort:
        chosen = comparison.sort_records(chosen, sort)
    baselines = {group.baseline.rev: group.baseline for group in history.groups}
    return [comparison.Row(record, baselines.get(record.baseline)) for record in chosen[:top]]


def _named(project: Project, history: History, name: str) -> Record:
    """An experiment, a commit or the workspace by its name."""
    from tilecli.errors import ProjectError
    from tilecli.experiments import store

    commits = [group.baseline for group in history.groups]
    try:
        return store.find([*history.experiments, *commits, history.workspace], name)
    except ProjectError as error:
        try:
            return store.commit(project, name)
        except ProjectError:
            raise error from None


def _pattern(option: str, text: str | None) -> re.Pattern[str] | None:
    from tilecli.errors import UsageError

    try:
        return re.compile(text) if text is not None else None
    except re.error as error:
        raise UsageError(f"'{text}' is no regular expression: {error.msg}", where=option) from None
