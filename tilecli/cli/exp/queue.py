"""`tiles exp start`, `stop`, `status`, `logs`, `retry`, `clear`: queued experiments and the workers that run them."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.exp import queue_table
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.queue.tasks import Queue, Task
    from tilecli.layout import Project

_REFRESH_S = 0.5
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Queued experiments; default: all.")]


def queue_up(
    project: Project,
    settings: Sequence[Mapping[str, Any]],
    names: Sequence[str | None],
    *,
    targets: Sequence[str] = (),
    message: str | None = None,
    as_json: bool = False,
) -> list[Task]:
    """Queue experiments and say which; used by `train --queue` and `exp sweep`."""
    from tilecli.experiments.queue.enqueue import enqueue

    with remarks():
        tasks = enqueue(project, settings, names=names, targets=targets, message=message)
    if as_json:
        terminal.print_json([_as_dict(task) for task in tasks])
        return tasks
    out = terminal.console()
    for task in tasks:
        out.print(f"queued [accent]{task.name}[/]  {terminal.plain('  '.join(task.overrides))}")
    return tasks


@contextlib.contextmanager
def remarks() -> Iterator[None]:
    """Within, what is worth knowing is said as it comes up."""
    from tilecli import progress

    def listen(event: progress.Event) -> None:
        if event.kind in ("note", "warning"):
            label = "[warning]warning:[/] " if event.kind == "warning" else ""
            terminal.say(f"{label}{terminal.plain(event.text)}")

    with progress.listen(listen):
        yield


@verb
def start(
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Workers at a time, sharing the cores.")] = 1,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Stay and watch until the queue is empty.")] = False,
) -> None:
    """Run what is queued, in the background.

    Example: tiles exp start -j 2
    """
    from tilecli.experiments.queue.enqueue import start_workers

    queue = _queue()
    started = start_workers(queue.project, jobs)
    if started:
        terminal.say(f"{terminal.counted(len(started), 'worker')} started")
    else:
        terminal.say(f"enough workers are there already: {len(queue.workers())}")
    if wait:
        _watch(queue, until_idle=True)
        if any(task.state == "failed" for task in queue.tasks()):
            raise typer.Exit(1)
    else:
        terminal.next_commands("tiles exp status", "tiles exp logs -f", "tiles exp stop")


@verb
def stop(
    names: Names = None,
    after: Annotated[bool, typer.Option("--after-current", help="Let what runs come to its end.")] = False,
) -> None:
    """Stop experiments; without a name, everything that runs, and the workers with it.

    What was stopped goes on from its last epoch with `tiles exp retry`. Example: tiles exp stop --after-current
    """
    queue = _queue()
    if not names:
        for worker in queue.workers():
            queue.dismiss(str(worker["worker"]))
    running = [task.name for task in queue.tasks() if task.state == "running"]
    if after:
        terminal.say("no new experiment will be started" + (f"; {', '.join(running)} will end" if running else ""))
        return
    stopped = queue.stop(names or running)
    if not stopped:
        terminal.say("nothing is running")
        return
    for task in stopped:
        terminal.say(f"[uncertain]■[/] {task.name}: {'stopping' if task.state == 'running' else 'taken back'}")
    terminal.next_commands("tiles exp status", "tiles exp retry")


@verb
def status(
    once: Annotated[bool, typer.Option("--once", help="Print the table once instead of keeping it live.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is queued, what runs and how far it is; live on a terminal while something runs.

    Example: tiles exp status --once
    """
    queue = _queue()
    tasks = queue.tasks()
    if as_json:
        listed = [_as_dict(task) | {"progress": queue.progress(task)} for task in tasks]
        terminal.print_json({"tasks": listed, "workers": queue.workers()})
        return
    if not tasks:
        terminal.say("nothing is queued")
        terminal.next_commands("tiles train --queue --lr 0.01", "tiles exp sweep -S train.learning_rate=0.01,0.001")
        return
    live = not once and sys.stdout.isatty() and any(task.state == "running" for task in tasks)
    if live:
        _watch(queue, until_idle=True)
    else:
        terminal.console().print(queue_table.table(queue))
    queue_table.footnotes(queue)


@verb
def logs(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Default: what runs, or ran last.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it ends.")] = False,
) -> None:
    """Print what an experiment said; where no stage ever began, what its worker said.

    Example: tiles exp logs -f
    """
    queue = _queue()
    task = queue.find(name) if name else _latest(queue)
    path = queue.place(task) / "output.log"
    if not path.is_file() or not path.stat().st_size:
        said = queue.log(task.worker).read_text("utf-8", "replace") if task.worker else ""
        terminal.say(f"[muted]{task.name} is {task.state}; no stage of it has begun[/]")
        sys.stdout.write(said)
    with _opened(path) as stream:
        while True:
            sys.stdout.write(stream.read())
            sys.stdout.flush()
            if not follow or queue.find(task.name).state not in ("running", "queued"):
                sys.stdout.write(stream.read())
                break
            time.sleep(_REFRESH_S)
    queue_table.footnotes(queue, only=task.name)


@verb
def retry(
    names: Names = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="From the start, not from the last epoch.")] = False,
) -> None:
    """Queue failed and stopped experiments again; they go on from their last epoch.

    Example: tiles exp retry && tiles exp start
    """
    again = _queue().retry(names or [], fresh=fresh)
    terminal.say(
        f"queued again: {', '.join(task.name for task in again)}" if again else "nothing failed or was stopped"
    )
    if again:
        terminal.next_commands("tiles exp start")


@verb
def clear(
    names: Names = None,
    queued: Annotated[bool, typer.Option("--queued", help="What waits.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="What failed or was stopped.")] = False,
    done: Annotated[bool, typer.Option("--done", help="What is done; the experiments stay.")] = False,
) -> None:
    """Forget queue entries, and what failed and stopped runs left to go on from. Experiments stay.

    Without names and options: everything that has ended. Example: tiles exp clear --failed
    """
    states: tuple[Any, ...] = ()
    states += ("queued",) if queued else ()
    states += ("failed", "stopped") if failed else ()
    states += ("done",) if done else ()
    gone = _queue().clear(names or [], states or ("done", "failed", "stopped"))
    terminal.say(f"forgotten: {', '.join(task.name for task in gone)}" if gone else "there is nothing to forget")


def _queue() -> Queue:
    from tilecli.experiments.queue.tasks import Queue
    from tilecli.layout import find_project

    return Queue(find_project())


def _latest(queue: Queue) -> Task:
    from tilecli.errors import UsageError

    tasks = queue.tasks()
    if not tasks:
        raise UsageError("nothing is queued", hint="tiles train --queue --lr 0.01")
    begun = [task for task in tasks if task.started] or tasks
    running = [task for task in begun if task.state == "running"]
    return max(running or begun, key=lambda task: task.started or 0)


def _watch(queue: Queue, *, until_idle: bool) -> None:
    """Keep the table live; Ctrl-C leaves the workers alone."""
    from rich.live import Live

    out = terminal.console()
    if not sys.stdout.isatty():
        while until_idle and _busy(queue):
            time.sleep(_REFRESH_S)
        out.print(queue_table.table(queue))
        return
    try:
        with Live(console=out, refresh_per_second=4, get_renderable=lambda: queue_table.table(queue)) as live:
            while _busy(queue):
                time.sleep(_REFRESH_S)
                live.refresh()
    except KeyboardInterrupt:
        terminal.say("the experiments go on in the background; [command]tiles exp stop[/] stops them")
        raise typer.Exit(0) from None


def _busy(queue: Queue) -> bool:
    """Whether anything runs, or a worker is there: it goes as soon as it has cleared up after the last task."""
    return any(task.state == "running" for task in queue.tasks()) or bool(queue.workers())


def _as_dict(task: Task) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(task)


def _opened(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path.open(encoding="utf-8", errors="replace")
