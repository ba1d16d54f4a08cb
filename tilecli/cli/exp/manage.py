"""`tiles exp apply`, `branch`, `rename`, `remove` and `gc`: keep the good experiments and let the others go."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

Experiment = Annotated[str, typer.Argument(metavar="NAME", help="Experiment.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@verb
def apply(
    name: Experiment,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Put unsaved changes aside (git stash) instead of refusing.")
    ] = False,
) -> None:
    """Make the workspace the experiment: its params, metrics and model. The current commit stays.

    Example: tiles exp apply higher-rate
    """
    from tilecli.experiments.keep import manage
    from tilecli.layout import find_project

    done = manage.apply(find_project(), name, force=force)
    terminal.say(f"the workspace is now [bold]{_text(done.record.name)}[/]")
    if done.stash:
        terminal.say(
            f"your changes are kept as stash {done.stash[:10]}: [command]git stash show -p {done.stash[:10]}[/]"
        )
    if done.kept:
        terminal.say(f"files that were in no cache are kept in {_text(str(done.kept))}")
    if done.behind:
        terminal.say(
            f"[warning]note:[/] it started {terminal.counted(done.behind, 'commit')} before the current one, "
            "and all files of the project are as they were then; see git diff HEAD"
        )
    terminal.next_commands(f'git commit -m "{done.record.name}"', f"tiles exp branch {done.record.name} BRANCH")


@verb
def branch(name: Experiment, new: Annotated[str, typer.Argument(metavar="BRANCH", help="The new branch.")]) -> None:
    """Make a git branch of an experiment.

    Example: tiles exp branch higher-rate better-model
    """
    from tilecli.experiments.keep import manage
    from tilecli.layout import find_project

    record = manage.branch(find_project(), name, new)
    terminal.say(f"branch [bold]{_text(new)}[/] is {_text(record.name)} ({record.rev[:10]})")
    terminal.say(f"to work on it: [command]git switch {_text(new)} && dvc checkout[/]")


@verb
def rename(old: Experiment, new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]) -> None:
    """Give an experiment another name.

    Example: tiles exp rename calm-edge higher-rate
    """
    from tilecli.experiments.keep import manage
    from tilecli.layout import find_project

    record = manage.rename(find_project(), old, new)
    terminal.say(f"{_text(record.name)} is now [bold]{_text(new)}[/]")


@verb
def remove(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Experiments.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="REV", help="All that started from this commit.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="NAME", help="All but this one; repeatable.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove experiments; says how each can be brought back.

    Example: tiles exp remove calm-edge
    """
    from tilecli.experiments.keep import manage
    from tilecli.layout import find_project

    project = find_project()
    records = manage.choose(project, names or [], everything=everything, baseline=baseline, keep=keep or [])
    if records and _agreed(
        f"remove {terminal.counted(len(records), 'experiment')}: {', '.join(record.name for record in records)}",
        yes=yes,
    ):
        manage.remove(project, records)
    if as_json:
        terminal.print_json(
            [{"name": record.name, "rev": record.rev, "ref": manage.ref_of(record)} for record in records]
        )
        return
    if not records:
        terminal.say("there is nothing to remove")
        return
    terminal.say(f"removed {terminal.counted(len(records), 'experiment')}. To bring one back:")
    for record in records:
        terminal.say(f"  [command]git update-ref {_text(manage.ref_of(record))} {record.rev}[/]")


@verb
def gc(
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=0, help="How many experiments stay.")],
    by: Annotated[
        str | None, typer.Option("--by", metavar="METRIC", help="The best by this figure stay; left out: the newest.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Leave the files in DVC's cache.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Keep the N best (or newest) experiments; remove the others with the files that only they need.

    Data of branches, tags, every commit, stashes and the workspace stays, and so does whatever nobody removed.

    Example: tiles exp gc --keep 10 --by dice_mean --dry-run
    """
    from tilecli.errors import UsageError
    from tilecli.experiments.keep import collect
    from tilecli.layout import find_project

    project = find_project()
    work = collect.plan(project, keep, by, cache=not no_cache)
    if not dry_run and work.removed:
        if not yes and not sys.stdin.isatty():
            raise UsageError(
                "files that are deleted cannot be brought back", hint="--dry-run lists them; --yes does it"
            )
        names = ", ".join(record.name for record in work.removed)
        count = terminal.counted(len(work.removed), "experiment")
        _agreed(f"remove {count} ({names}) and {terminal.size(work.bytes)} of files", yes=yes)
        collect.run(project, work)
    if as_json:
        terminal.print_json(
            {
                "removed": [{"name": record.name, "rev": record.rev} for record in work.removed],
                "kept": [record.name for record in work.kept],
                "files": len(work.files),
                "bytes": work.bytes,
                "done": not dry_run,
            }
        )
        return
    if not work.removed:
        terminal.say(f"nothing to remove: there are {terminal.counted(len(work.kept), 'experiment')}")
        return
    rows = [[_text(record.name), record.rev[:10]] for record in work.removed]
    title = "Would be removed" if dry_run else "Removed"
    terminal.console().print(terminal.table(title, [("experiment", "left"), ("commit", "left")], rows))
    frees = "would free" if dry_run else "freed"
    terminal.say(f"{len(work.kept)} stay; {frees} {terminal.size(work.bytes)} in {len(work.files)} files of the cache")
    if work.shared:
        terminal.say(f"[warning]note:[/] other projects may use the cache {_text(str(work.shared))}; its files stay")


def _agreed(what: str, *, yes: bool) -> bool:
    """Ask a person at a terminal; a script has decided already. Ends the command where the answer is no."""
    if not yes and sys.stdin.isatty():
        typer.confirm(f"{what}?", abort=True, err=True)
    return True


def _text(text: str) -> str:
    from rich.markup import escape

    return escape(text)
