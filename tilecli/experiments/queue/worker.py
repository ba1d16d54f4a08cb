"""A worker: takes tasks from the queue, one after the other, and runs each in a clone of the project.

`tiles exp start` starts it as a process of its own, `python -m tilecli.experiments.queue.worker PROJECT NAME JOBS`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from tilecli import hardware, progress, quiet
from tilecli.errors import TilesError
from tilecli.experiments import clone, dvc
from tilecli.experiments.project import git
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.experiments.reporter import Reporter
from tilecli.experiments.stage import ORIGIN_VARIABLE
from tilecli.layout import Project


def work(project: Project, name: str, jobs: int) -> None:
    """Run queued tasks until none is left or the worker is dismissed; `jobs` workers share the machine's cores."""
    queue = Queue(project)
    with queue.at_work(name, {"started": time.time(), "jobs": jobs}):
        while not queue.dismissed(name) and (task := queue.claim(name)) is not None:
            _say(f"{task.name}: attempt {task.attempts}")
            run_task(queue, task, jobs)
            _say(f"{task.name}: {queue.find(task.name).state}")


def run_task(
    queue: Queue,
    task: Task,
    jobs: int,
    *,
    follow: progress.Listener | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run one claimed task to its end, whatever that is, and say so in the queue.

    follow: also hears its events; variables: for DVC and its stages. Ctrl-C and SIGTERM stop the task and are passed
    on, so that the worker ends too.
    """
    place = queue.place(task)
    log = place / "output.log"
    reporter = Reporter(place / "status.json", log)

    def listen(event: progress.Event) -> None:
        reporter.listen(event)
        if follow is not None:
            follow(event)

    with queue.holding(task) as lock, progress.listen(listen):
        try:
            inside, resume = _prepare(queue, task)
            background = dvc.Background(
                log=log,
                stop_wanted=lambda: queue.stop_wanted(task),
                began=lambda pid: queue.note_process(task, pid),
                pass_fds=(lock,),
                variables={**_variables(queue.project, jobs), **(variables or {})},
            )
            dvc.experiment(
                inside,
                name=task.name,
                overrides=task.overrides,
                targets=task.targets,
                message=task.message,
                resume=resume,
                background=background,
            )
            rev = _bring_home(queue.project, inside, task)
        except KeyboardInterrupt:
            queue.finish(task, "stopped")
            if not queue.stop_wanted(task):
                raise
        except TilesError as error:
            said = {"message": error.message, "where": error.where or "", "hint": error.hint or ""}
            queue.finish(task, "failed", error=said)
        except Exception as error:
            with log.open("a", encoding="utf-8") as stream:
                stream.write(traceback.format_exc())
            queue.finish(task, "failed", error={"message": f"{type(error).__name__}: {error}", "where": str(log)})
        else:
            queue.finish(task, "done", rev=rev)
            clone.remove(place / "clone")


def _prepare(queue: Queue, task: Task) -> tuple[Project, bool]:
    """The task's clone, and whether an earlier attempt left an epoch to go on from."""
    folder = queue.place(task) / "clone"
    prefix = git(queue.project.root, "rev-parse", "--show-prefix")
    inside = Project(folder / prefix if prefix else folder, queue.project.root)
    if (inside.checkpoints / "last.ckpt").is_file():
        return inside, True
    clone.remove(folder)
    inside = clone.clone_at(queue.project, task.snapshot, folder)
    # The experiment hangs on the commit it was queued at, with what was changed since as changes of the workspace.
    git(folder, "reset", "--quiet", task.base)
    new = git(folder, "diff", "--name-only", "-z", "--diff-filter=A", task.base, task.snapshot)
    if names := [name for name in new.split("\0") if name]:
        git(folder, "add", "--intent-to-add", "--force", "--", *names)
    return inside, False


def _bring_home(project: Project, inside: Project, task: Task) -> str:
    """Fetch the experiment from the clone into the project's repository; returns its commit."""
    ref = git(inside.root, "for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{task.name}")
    if not ref:
        raise TilesError("DVC made no experiment of this run", where=str(inside.root))
    top = git(inside.root, "rev-parse", "--show-toplevel")
    git(project.root, "fetch", "--quiet", "--no-tags", top, f"{ref}:{ref}")
    return git(project.root, "rev-parse", ref)


def _variables(project: Project, jobs: int) -> dict[str, str]:
    variables = {ORIGIN_VARIABLE: str(project.root)}
    if jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
        # Two trainings with a thread for every core each wait for one another's threads at every layer.
        variables["OMP_NUM_THREADS"] = str(max(1, hardware.usable_cores() // jobs))
    return variables


def _say(text: str) -> None:
    """To the worker's own log, which is its standard output."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    quiet.be_quiet()
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        work(Project(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
    except KeyboardInterrupt:
        sys.exit(130)
