"""`tiles train --folds K`: a cross-validation, its folds as queued experiments, watched until their pooled figures."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from tilecli.cli import options, terminal
from tilecli.cli.exp import queue as queue_verbs
from tilecli.cli.exp import queue_table

if TYPE_CHECKING:
    from tilecli.experiments.queue.tasks import Queue, Task
    from tilecli.layout import Project

_REFRESH_S = 0.5
_PATIENCE_S = 60  # for stopped trainings to end in order


def cross_validate(
    project: Project,
    folds: int | None,
    preset: str | None,
    typed: Mapping[str, Any],
    set_: list[str] | None,
    *,
    name: str | None,
    jobs: int | None,
    message: str | None,
    only: bool,
    queue_only: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Queue what is missing of the folds of `name`, run it, and print what all folds say together."""
    from tilecli import paramfile
    from tilecli.errors import UsageError
    from tilecli.experiments.project import prepare
    from tilecli.experiments.queue import folds as library
    from tilecli.experiments.queue.enqueue import check_names
    from tilecli.experiments.queue.tasks import Queue

    if folds is None:
        raise UsageError("--jobs is for --folds", hint="tiles train --folds 5 --jobs 2")
    if only:
        raise UsageError("--folds needs the evaluation of each fold, which --only leaves out", hint="leave out --only")
    if resume:
        raise UsageError("--folds goes on by itself with what is missing", hint="leave out --resume, give its --name")
    changes, chosen = options.changer(project, preset), paramfile.parse_overrides(set_ or [])
    settings = library.settings_of_each(lambda fold: changes({**typed, **fold}, set_), chosen, folds)
    check_names(paramfile.load(project.params).train, settings[0])
    prepare(project, commit_needed=True)
    name = name or library.free_name(project)
    plan = library.plan(project, name, settings)
    _fetch(project)
    with queue_verbs.remarks():
        tasks = library.queue_missing(project, plan, message)
    terminal.say(f"[accent]{terminal.plain(name)}[/], {plan.words}")
    if queue_only:
        if as_json:
            from dataclasses import asdict

            terminal.print_json([asdict(task) for task in tasks])
        terminal.next_commands(f"tiles exp start -j {jobs or 1}", "tiles exp status", f"tiles exp folds {name}")
        return
    if tasks:
        _run(project, Queue(project), tasks, jobs or 1, name)
    from tilecli.cli.exp.folds import show_group

    show_group(project, name, as_json=as_json)


def _fetch(project: Project) -> None:
    """Get the photos once, before every fold would get them for itself."""
    if project.index.is_file():
        return
    from tilecli.cli.live import display
    from tilecli.experiments import dvc

    with display():
        dvc.repro(project, ["fetch"])


def _run(project: Project, queue: Queue, tasks: Sequence[Task], jobs: int, name: str) -> None:
    """Start workers and wait for `tasks`; ends the command with a word on each that is not done."""
    from tilecli.experiments.queue.enqueue import start_workers

    numbers = [task.id for task in tasks]
    workers: list[str] = []
    try:
        if any(task.state == "queued" for task in tasks):
            workers = start_workers(project, jobs)
        _watch(queue, numbers)
    except KeyboardInterrupt:
        _stop(queue, numbers, workers)
        terminal.say(f"stopped; what is done stays. Go on with: [command]{terminal.plain(_again(name))}[/]")
        raise
    left = [task for task in queue.tasks() if task.id in numbers and task.state != "done"]
    for task in left:
        _say_left(queue, task)
    if left:
        terminal.say(f"what is done stays. Go on with: [command]{terminal.plain(_again(name))}[/]")
        raise typer.Exit(1)


def _watch(queue: Queue, numbers: Collection[int]) -> None:
    """Wait until no task is left that anyone works on: live on a terminal, elsewhere a line for each change."""
    # On stderr: standard output is for the result alone.
    out = terminal.console(stderr=True)
    if not sys.stderr.isatty():
        said: dict[int, str] = {}
        while True:
            busy = _busy(queue, numbers)  # first, so that the last changes are said too
            for task in queue.tasks():
                if task.id in numbers and said.get(task.id) != task.state:
                    said[task.id] = task.state
                    out.print(f"{terminal.plain(task.name)}: {task.state}")
            if not busy:
                return
            time.sleep(_REFRESH_S)
    from rich.live import Live

    def draw() -> Any:
        return queue_table.short_table(queue, numbers)

    with Live(console=out, refresh_per_second=4, get_renderable=draw) as live:
        while _busy(queue, numbers):
            time.sleep(_REFRESH_S)
            live.refresh()


def _busy(queue: Queue, numbers: Collection[int]) -> bool:
    """Whether one of the tasks runs, or waits while there is a worker to take it."""
    workers = bool(queue.workers())
    states = [task.state for task in queue.tasks() if task.id in numbers]
    return "running" in states or ("queued" in states and workers)


def _stop(queue: Queue, numbers: Collection[int], workers: Sequence[str]) -> None:
    """Stop the tasks and the workers that were started for them; a second Ctrl-C does not wait for their end."""
    terminal.say("stopping …")
    for worker in workers:
        queue.dismiss(worker)
    queue.stop([t.name for t in queue.tasks() if t.id in numbers and t.state in ("queued", "running")])
    until = time.monotonic() + _PATIENCE_S
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < until:
            if not any(task.state == "running" for task in queue.tasks() if task.id in numbers):
                return
            time.sleep(_REFRESH_S)


def _say_left(queue: Queue, task: Task) -> None:
    """Why a fold is not done, and where it is written down."""
    if task.state != "failed":
        terminal.say(f"[uncertain]■[/] {terminal.plain(task.name)} is {task.state}")
        return
    terminal.say(f"[defect]✘[/] {terminal.plain(task.name)}: {terminal.plain(task.error.get('message', ''))}")
    if task.error.get("where"):
        terminal.say(f"  [muted]where:[/] {terminal.plain(task.error['where'])}")
    terminal.say(f"  [muted]log:[/]   {terminal.plain(queue.place(task) / 'output.log')}")


def _again(name: str) -> str:
    """This command line, with the name that it chose."""
    arguments = sys.argv[1:]
    named = any(text in ("-n", "--name") or text.startswith("--name=") for text in arguments)
    return shlex.join(["tiles", *arguments, *([] if named else ["--name", name])])
