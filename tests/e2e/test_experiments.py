"""The articles' session: queue two learning rates, run them, compare, branch the best, check it out."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.session import WALL_S, Session
from tilecli.experiments.queue.tasks import Queue
from tilecli.layout import Project

RATES = (0.02, 0.005)


@pytest.fixture(scope="module")
def session(trained: Callable[[Path], Session], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A project with a baseline that is committed, and two experiments that were queued and run."""
    session = trained(tmp_path_factory.mktemp("articles") / "a user")
    session.git("add", ".")
    session.git("commit", "--quiet", "--message", "First results")
    (session.project / "notes.txt").write_text("not under git")
    listed = ",".join(str(rate) for rate in RATES)
    queued = session.tiles("exp", "sweep", "-S", f"train.learning_rate={listed}", "--name", "rate")
    assert "notes.txt" in queued.stderr
    (session.project / "notes.txt").unlink()
    session.tiles("exp", "start", "-j", "2", "--wait")
    return session


def experiments(session: Session) -> dict[str, dict]:
    rows = json.loads(session.tiles("exp", "compare", "--json").stdout)
    return {row["name"]: row for row in rows}


def test_nothing_is_queued_before_the_photos_are_there(tmp_path: Path):
    fresh = Session(tmp_path)
    fresh.start_project()
    said = fresh.tiles("train", "--queue", "--lr", "0.01", code=1).stderr
    assert "tiles split" in said  # each queued run would fetch its own photos


def test_every_queued_experiment_ran_with_its_own_setting(session: Session):
    status = json.loads(session.tiles("exp", "status", "--json").stdout)
    assert [(task["name"], task["state"]) for task in status["tasks"]] == [
        ("rate-1", "done"),
        ("rate-2", "done"),
    ]
    assert status["workers"] == []
    found = experiments(session)
    assert [found[f"rate-{number}"]["params"]["train.learning_rate"] for number in (1, 2)] == list(RATES)
    assert session.git("status", "--porcelain") == ""
    said = session.tiles("exp", "logs", "rate-1").stdout
    assert "epoch 2/2" in said
    assert "Running stage 'train'" in said
    # Photos and split came from the cache.
    assert "Running stage 'fetch'" not in said


def test_the_best_becomes_a_branch_and_a_working_tree(session: Session):
    found = experiments(session)
    best = json.loads(session.tiles("exp", "compare", "--sort", "dice_mean", "--top", "1", "--json").stdout)
    name = next(row["name"] for row in best if row["kind"] == "experiment")
    main = session.git("branch", "--show-current").strip()
    session.tiles("exp", "branch", name, "best-so-far")
    session.git("switch", "--quiet", "best-so-far")
    session.dvc("checkout", "--quiet")
    assert session.metrics()["dice_mean"] == found[name]["metrics"]["dice_mean"]
    assert (
        f"learning_rate: {found[name]['params']['train.learning_rate']}"
        in (session.project / "params.yaml").read_text()
    )
    bundle = json.loads((session.project / "models" / "bundle" / "bundle.json").read_text())
    assert bundle["training"]["params"]["learning_rate"] == found[name]["params"]["train.learning_rate"]
    session.git("switch", "--quiet", main)
    session.dvc("checkout", "--quiet")


def test_a_search_prunes_resumes_and_makes_experiments(session: Session):
    search = ["exp", "tune", "--study", "rates", "-S", "train.learning_rate=log(1e-3,1e-1)", "--metric", "valid.dice"]
    session.tiles(*search, "--trials", "1")
    # One may be pruned, and a picture needs two that were measured.
    found = json.loads(session.tiles(*search, "--trials", "2", "--json").stdout)
    assert [trial["trial"] for trial in found["trials"]] == [1, 2]
    rows = experiments(session)
    for trial in found["trials"]:
        assert trial["state"] in ("complete", "pruned")
        record = rows[trial["experiment"]]
        assert record["metrics"]["valid.dice"] == trial["valid.dice"]
        assert record["params"]["train.learning_rate"] == pytest.approx(trial["train.learning_rate"], rel=1e-3)
    assert found["importances"] == {}  # one setting has none to be weighed against
    assert "valid.dice over trials" in Path(found["picture"]).read_text()
    assert "about valid.dice" in session.tiles(*search[:-1], "dice_mean", code=2).stderr


def test_reproducing_gives_the_same_figures(session: Session):
    assert "same" in session.tiles("exp", "reproduce", "rate-1", "--from", "export").stdout


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["exp", "show", "rate-9"], "rate-1", 1),
        (["exp", "retry", "rate-1"], "nothing to try again", 1),
        (["exp", "start"], "nothing is queued", 2),
        (["exp", "sweep", "-S", "train.learning_rate=log(0,1,3)"], "above 0", 2),
        (["exp", "sweep", "-S", "train.batch_size=0,8"], "train.batch_size", 1),
        (["exp", "tune", "-S", "train.learning_rate=log(1,0.1)"], "lower to a higher", 2),
        (["exp", "logs", "nothing"], "no queued experiment", 1),
    ],
)
def test_bad_input_queues_nothing(session: Session, arguments: list[str], says: str, code: int):
    done = session.tiles(*arguments, code=code)
    assert says in done.stderr + done.stdout
    assert not [task for task in Queue(Project(session.project)).tasks() if task.state == "queued"]


def wait_for(happened: Callable[[], bool]) -> None:
    """Looks in this process: one for each look would take longer than what it waits for."""
    until = time.monotonic() + WALL_S
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)


def test_stopped_in_the_middle_a_run_goes_on_from_its_last_epoch(session: Session):
    session.tiles("train", "--queue", "--epochs", "60", "--name", "long")
    session.tiles("exp", "start")
    queue = Queue(Project(session.project))
    task = queue.find("long")

    def long() -> dict:
        tasks = json.loads(session.tiles("exp", "status", "--json").stdout)["tasks"]
        return next(task for task in tasks if task["name"] == "long")

    wait_for(lambda: queue.progress(task).get("epoch", 0) >= 2)
    assert long()["progress"]["epoch"] >= 2
    session.tiles("exp", "stop")
    wait_for(lambda: queue.find("long").state != "running")
    assert long()["state"] == "stopped"
    assert "refs/exps" not in session.git("for-each-ref", "--format=%(refname)", "refs/exps/*/*/long")
    session.tiles("exp", "retry", "long")
    session.tiles("exp", "start")
    wait_for(lambda: "resuming after epoch" in (queue.place(task) / "output.log").read_text())
    assert "resuming after epoch" in session.tiles("exp", "logs", "long").stdout
    session.tiles("exp", "stop")
    wait_for(lambda: queue.find("long").state != "running")
    session.tiles("exp", "clear")
    assert json.loads(session.tiles("exp", "status", "--json").stdout)["tasks"] == []
