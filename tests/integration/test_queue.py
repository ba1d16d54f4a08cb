"""The queue with real workers, real DVC and real kills, on a pipeline that takes no time of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.experiments import experiment_refs, git, lay_down, run_baseline
from tilecli import progress
from tilecli.errors import ProjectError
from tilecli.experiments import dvc
from tilecli.experiments.queue.enqueue import snapshot_of, untracked
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project

# In front of the pipeline's script: writes down each start of a training outside the clone, and lets one be slow.
SLOW = """\
import os, pathlib, time, yaml
if "train" in __import__("sys").argv[1:]:
    settings = yaml.safe_load(pathlib.Path("params.yaml").read_text())["train"]
    last = pathlib.Path("training/checkpoints/last.ckpt")
    with open(os.environ["STARTS"], "a") as log:
        log.write(f"{settings['learning_rate']} resume={os.environ.get('TILES_RESUME', '0')} last={last.exists()}\\n")
    last.parent.mkdir(parents=True, exist_ok=True)
    last.write_text("epoch 1")
    if settings["epochs"] < 0:
        raise SystemExit("a stage that fails")
    for _ in range(settings["epochs"] * 10):
        time.sleep(0.1)
"""
DEADLINE_S = 90


def lay_down_slow(folder: Path) -> None:
    """A project with a baseline, whose trainings are slow where they are told to be."""
    project = lay_down(folder / "my project")
    script = project.root / "stage.py"
    script.write_text(SLOW + script.read_text())
    project.params.write_text(project.params.read_text().replace("epochs: 2", "epochs: 0"))
    (project.root / ".gitignore").write_text("ran.log\nlast.ckpt\n")
    git(project.root, "commit", "--quiet", "-am", "Slow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STARTS", os.devnull)
        run_baseline(project)


class Factory:
    """Such a project, and the workers it started."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder / "my project")
        self.base = git(self.project.root, "rev-parse", "HEAD")
        self.starts = folder / "starts.txt"
        self.queue = Queue(self.project)
        self.workers: list[subprocess.Popen[bytes]] = []

    def add(self, name: str, *overrides: str) -> Task:
        snapshot = snapshot_of(self.project, self.base, untracked(self.project)[0])
        return self.queue.add([Task(0, name, self.base, snapshot, overrides)])[0]

    def work(self, name: str, jobs: int = 1) -> subprocess.Popen[bytes]:
        log = self.queue.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tilecli.experiments.queue.worker", str(self.project.root), name, str(jobs)]
        worker = subprocess.Popen(command, stdout=log.open("ab"), stderr=subprocess.STDOUT, start_new_session=True)
        self.workers.append(worker)
        return worker

    def state(self, name: str) -> str:
        return self.queue.find(name).state

    def started(self) -> list[str]:
        return self.starts.read_text().splitlines() if self.starts.exists() else []

    def log(self, name: str) -> str:
        return (self.queue.place(self.queue.find(name)) / "output.log").read_text()


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def factory_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slow")
    lay_down_slow(folder)
    return folder


@pytest.fixture
def factory(factory_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Factory]:
    shutil.copytree(factory_once, tmp_path, symlinks=True, dirs_exist_ok=True)
    factory = Factory(tmp_path)
    monkeypatch.setenv("STARTS", str(factory.starts))
    yield factory
    for worker in factory.workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def test_queued_experiments_run_with_the_files_of_their_time_and_leave_the_workspace_alone(factory: Factory):
    project, queue = factory.project, factory.queue
    script = (project.root / "stage.py").read_text()
    (project.root / "stage.py").write_text(script.replace("dice - 0.1,", "dice - 0.2,"))
    factory.add("first", "train.learning_rate=0.1")
    factory.add("second", "train.learning_rate=0.2")
    (project.root / "stage.py").write_text("raise SystemExit('edited after the queueing')\n")
    status = git(project.root, "status", "--porcelain")
    before = project.metrics.read_text()
    factory.work("w1", 2)
    factory.work("w2", 2)
    wait_for(lambda: all(task.state not in ("queued", "running") for task in queue.tasks()))
    wait_for(lambda: not queue.workers())
    assert [task.state for task in queue.tasks()] == ["done", "done"], factory.log("first") + factory.log("second")
    refs = experiment_refs(project)
    assert {"first", "second"} == set(refs)
    for task in queue.tasks():
        assert refs[task.name] == task.rev
        assert not (queue.place(task) / "clone").exists()
        assert git(project.root, "rev-parse", f"{task.rev}^") == factory.base
        assert "dice - 0.2," in git(project.root, "show", f"{task.rev}:stage.py")
    figures = json.loads(git(project.root, "show", f"{refs['second']}:evaluation/metrics.json"))
    assert figures["dice_mean"] == pytest.approx(0.68)
    assert sorted(factory.started()) == ["0.1 resume=0 last=False", "0.2 resume=0 last=False"]
    assert git(project.root, "status", "--porcelain") == status
    assert project.metrics.read_text() == before


def test_kill_9_of_a_worker_is_seen_at_once_and_its_task_runs_again_only_when_asked(factory: Factory):
    queue = factory.queue
    task = factory.add("slow", "train.epochs=600")
    worker = factory.work("w1")
    wait_for(lambda: bool(factory.started()))
    assert [found["worker"] for found in queue.workers()] == ["w1"]
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    lost = queue.find("slow")
    assert lost.state == "failed"
    assert "ended without a word" in lost.error["message"]
    assert queue.workers() == []
    factory.work("w2").wait(DEADLINE_S)
    assert len(factory.started()) == 1  # nobody starts it again by himself
    # This stage knows nothing of tiles, so it and its DVC outlived the worker; no second one may run beside them.
    assert queue.is_held(task)
    (again,) = queue.retry(["slow"])
    assert again.state == "queued"
    assert not queue.is_held(task)
    factory.work("w3")
    wait_for(lambda: len(factory.started()) == 2)
    assert queue.stop(["slow"])
    wait_for(lambda: factory.state("slow") == "stopped")
    assert factory.started()[1].endswith("resume=1 last=True")
    assert queue.find("slow").attempts == 2
    assert (queue.place(task) / "clone").exists()  # to go on from
    queue.clear(["slow"])
    assert not queue.place(task).exists()
    assert not git(factory.project.root, "for-each-ref", "refs/tiles")


def test_stopping_one_lets_the_next_begin_and_dismissing_ends_the_worker(factory: Factory):
    queue = factory.queue
    for name in ("one", "two", "three"):
        factory.add(name, "train.epochs=600")
    worker = factory.work("w1")
    wait_for(lambda: len(factory.started()) == 1)
    queue.stop(["one", "three"])
    wait_for(lambda: len(factory.started()) == 2)
    assert [task.state for task in queue.tasks()] == ["stopped", "running", "stopped"]
    queue.dismiss("w1")
    queue.stop(["two"])
    assert worker.wait(DEADLINE_S) == 0
    assert [task.state for task in queue.tasks()] == ["stopped"] * 3
    assert len(factory.started()) == 2


def test_ctrl_c_for_a_worker_stops_its_task_in_order(factory: Factory):
    factory.add("one", "train.epochs=600")
    factory.add("two", "train.epochs=600")
    worker = factory.work("w1")
    wait_for(lambda: len(factory.started()) == 1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(DEADLINE_S) == 130
    assert [task.state for task in factory.queue.tasks()] == ["stopped", "queued"]


def test_a_failure_is_told_with_the_stages_own_words_and_does_not_stop_the_rest(factory: Factory):
    factory.add("bad", "train.epochs=-1")
    factory.add("good", "train.learning_rate=0.3")
    assert factory.work("w1").wait(DEADLINE_S) == 0
    bad = factory.queue.find("bad")
    assert (bad.state, factory.state("good")) == ("failed", "done")
    assert "a stage that fails" in factory.log("bad")
    assert "train" in bad.error["where"]
    with pytest.raises(ProjectError, match="good is done"):
        factory.queue.retry(["good"])
    with pytest.raises(ProjectError, match="did you mean good"):
        factory.queue.find("goood")


def test_files_that_git_does_not_hold_cannot_be_queued(factory: Factory):
    lost = Task(0, "lost", factory.base, "1" * 40)
    with pytest.raises(ProjectError, match="update-ref"):
        factory.queue.add([lost])
    assert factory.queue.tasks() == []


def test_untracked_files_of_the_user_are_told_from_the_pipelines_own(factory: Factory):
    root = factory.project.root
    (root / "helper.py").write_text("")
    (root / "evaluation" / "extra.json").write_text("{}")
    (root / "evaluation" / "predictions" / "new.png").write_text("")
    git(root, "rm", "--quiet", "--cached", "dvc.lock", "evaluation/metrics.json")
    own, foreign = untracked(Project(root))
    assert foreign == ["evaluation/extra.json", "helper.py"]
    assert own == ["dvc.lock", "evaluation/metrics.json"]
    snapshot = snapshot_of(factory.project, factory.base, own)
    assert "helper.py" not in git(root, "ls-tree", "-r", "--name-only", snapshot)
    assert "dvc.lock" in git(root, "ls-tree", "-r", "--name-only", snapshot)
    assert "D  dvc.lock" in git(root, "status", "--porcelain")  # the index is as it was


def test_a_lock_that_another_command_holds_is_waited_for_with_a_message(factory: Factory):
    root = factory.project.root
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("epochs: 0", "epochs: 8"))  # 8 s
    command = [sys.executable, "-m", "dvc", "repro", "train"]
    other = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(factory.started()) == 1)
    notes: list[str] = []
    with progress.listen(lambda event: notes.append(event.text) if event.kind == "note" else None):
        outcome = dvc.repro(factory.project, ["evaluate"])
    assert other.wait() == 0
    assert outcome.code == 0
    assert [note for note in notes if "waiting for another tiles or dvc command" in note]
    assert len(factory.started()) == 1  # what the other made was not made again
