"""The process that talks to remotes: its answer, its errors, its end, and what libraries in it say on the side."""

from __future__ import annotations

import pytest

from tilecli import progress
from tilecli.errors import PipelineError
from tilecli.experiments.remotes import worker
from tilecli.layout import Project

pytest.importorskip("dvc")
HELPER = """\
import getpass, os, signal, sys, threading, time
from tilecli import progress
from tilecli.errors import DataError
from tilecli.experiments.remotes.worker import serve

def work(asked, stopped):
    print("a library says something")
    if asked["do"] == "fail":
        raise DataError("no such bucket", where="here", hint="make it")
    if asked["do"] == "crash":
        raise ValueError("geheim")
    if asked["do"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if asked["do"] == "ask":
        try:
            getpass.getpass("Password: ")
        except EOFError:
            return {"typed": None}
    if asked["do"] == "wait":
        progress.note("begun")
        while not stopped():
            time.sleep(0.01)
        return {"left": 3}
    threading.Thread(target=time.sleep, args=(60,)).start()  # a library's thread that hangs
    with progress.task("copy", 2, "B") as task:
        task.advance(2)
    return {"asked": asked}

serve(work)
"""


@pytest.fixture
def talking(project: Project) -> Project:
    """A project with a helper that does as it is told."""
    (project.root / "talker.py").write_text(HELPER)
    return project


def test_an_answer_and_progress_come_back_whatever_is_printed(talking: Project) -> None:
    events: list[progress.Event] = []
    with progress.listen(events.append):
        assert worker.ask(talking, "talker", {"do": "copy"}) == {"asked": {"do": "copy"}}
    assert [event.kind for event in events] == ["begin", "step", "end"]
    assert (events[-1].done, events[-1].unit) == (2, "B")


def test_an_error_keeps_its_words(talking: Project) -> None:
    with pytest.raises(PipelineError) as told:
        worker.ask(talking, "talker", {"do": "fail"})
    assert (told.value.message, told.value.where, told.value.hint) == ("no such bucket", "here", "make it")


def test_a_crash_is_named_without_what_it_held(talking: Project, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PipelineError, match="unexpected: ValueError") as told:
        worker.ask(talking, "talker", {"do": "crash"})
    assert "geheim" not in f"{told.value}{capfd.readouterr()}"


def test_a_helper_that_was_killed_is_said(talking: Project) -> None:
    with pytest.raises(PipelineError, match="ended with signal 9"):
        worker.ask(talking, "talker", {"do": "die"})


def test_a_library_that_asks_for_a_password_does_not_hang(talking: Project) -> None:
    assert worker.ask(talking, "talker", {"do": "ask"}) == {"typed": None}


def test_ctrl_c_ends_the_helper_in_order_and_says_how_far_it_came(talking: Project) -> None:
    def interrupt(event: progress.Event) -> None:
        if event.text == "begun":
            raise KeyboardInterrupt

    with pytest.raises(worker.Interrupted) as stopped, progress.listen(interrupt):
        worker.ask(talking, "talker", {"do": "wait"})
    assert stopped.value.answer == {"result": {"left": 3}}
