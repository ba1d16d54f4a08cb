from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.experiments.history import Repository
from tests.unit.studio.projects import client as studio
from tests.unit.studio.projects import put_task, queueable
from tilecli.experiments.queue.tasks import Queue


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return queueable(tmp_path / "parts")


@pytest.fixture
def client(repository: Repository) -> Iterator[TestClient]:
    with studio(repository.project) as opened:
        yield opened


def test_an_experiment_is_queued_with_what_was_changed(client: TestClient, repository: Repository):
    fields = client.get("/api/queue/form").json()["sections"][2]["fields"]
    assert next(field["value"] for field in fields if field["key"] == "train.learning_rate") == "0.1"
    settings = {"train.learning_rate": "0.2", "train.batch_size": "8"}
    done = client.post("/api/queue/tasks", json={"name": "higher", "message": " does it pay? ", "settings": settings})
    assert done.json() == {"names": ["higher"], "remarks": []}
    task = Queue(repository.project).find("higher")
    assert (task.overrides, task.message, task.state) == (("train.learning_rate=0.2",), "does it pay?", "queued")
    again = client.post("/api/queue/tasks", json={"name": "higher"}).json()
    assert (again["field"], again["detail"]) == ("name", "'higher' is queued already")


def test_what_could_only_fail_later_is_refused_at_its_field(client: TestClient, repository: Repository):
    for settings, field in (
        ({"train.learning_rate": "-1"}, "train.learning_rate"),
        ({"train.encoder_weights": "weights.pth"}, "train.encoder_weights"),  # not under git
    ):
        refused = client.post("/api/queue/tasks", json={"settings": settings})
        assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    repository.project.index.unlink()
    refused = client.post("/api/queue/tasks", json={})
    assert "the photos are not fetched yet" in refused.json()["detail"]
    assert "field" not in refused.json()
    assert Queue(repository.project).tasks() == []


def test_a_preset_can_be_filled_in_and_says_what_it_is(client: TestClient):
    form = client.get("/api/queue/form").json()
    known = {field["key"]: field for section in form["sections"] for field in section["fields"]}
    assert [preset["name"] for preset in form["presets"]] == ["cpu", "demo", "gpu", "reference"]
    for preset in form["presets"]:
        assert preset["help"] and "tiles init" not in preset["help"]
        assert preset["values"].keys() <= known.keys()
    cpu = form["presets"][0]["values"]
    assert (cpu["train.optimizer"], cpu["train.widths"]) == ("muon", "[24, 32, 64, 96, 128]")
    done = client.post("/api/queue/tasks", json={"name": "as-cpu", "settings": cpu})
    assert done.json() == {"names": ["as-cpu"], "remarks": []}


def test_a_grid_says_how_many_it_is_and_is_queued_as_one(client: TestClient, repository: Repository):
    grid = {"kind": "grid", "settings": {"train.learning_rate": "0.2, 0.3", "train.seed": "range(0,3)"}}
    said = client.post("/api/queue/plan", json=grid).json()
    assert said == {
        "count": 6, "axes": [{"key": "train.learning_rate", "count": 2}, {"key": "train.seed", "count": 3}],
    }  # fmt: skip
    for settings, field in (
        ({"train.learning_rate": "0.2,-1"}, "train.learning_rate"),
        ({"train.learning_rate": "log(0,1,3)"}, "train.learning_rate"),
        ({"train.loss": ""}, "train.loss"),
    ):
        for path in ("plan", "tasks"):
            refused = client.post(f"/api/queue/{path}", json=grid | {"settings": settings})
            assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert Queue(repository.project).tasks() == []
    done = client.post("/api/queue/tasks", json=grid | {"name": "rates", "message": "which?"}).json()
    assert done["names"] == [f"rates-{number}" for number in range(1, 7)]
    tasks = Queue(repository.project).tasks()
    # Seed 0 is what params.yaml has.
    assert [task.overrides for task in tasks[:2]] == [
        ("train.learning_rate=0.2",), ("train.learning_rate=0.2", "train.seed=1"),
    ]  # fmt: skip
    again = client.post("/api/queue/tasks", json=grid | {"name": "rates"}).json()
    assert (again["field"], again["detail"]) == ("name", "'rates-1' is queued already")


def test_a_cross_validation_is_queued_and_the_same_again_goes_on_with_it(client: TestClient, repository: Repository):
    queue = Queue(repository.project)
    wanted = {"kind": "folds", "folds": 3, "name": "wide", "settings": {"train.learning_rate": "0.2"}}
    done = client.post("/api/queue/tasks", json=wanted).json()
    assert done == {"names": ["wide-fold1", "wide-fold2", "wide-fold3"], "remarks": ["wide, 3 folds: 3 queued"]}
    assert queue.find("wide-fold3").overrides == ("split.folds=3", "split.fold=2", "train.learning_rate=0.2")
    queue.stop(["wide-fold2"])
    queue.clear(["wide-fold3"])
    again = client.post("/api/queue/tasks", json=wanted).json()
    assert again["remarks"] == ["wide, 3 folds: 1 under way, 1 going on from the last epoch, 1 queued"]
    assert [task.state for task in queue.tasks()] == ["queued"] * 3
    other = client.post("/api/queue/tasks", json=wanted | {"settings": {}}).json()
    assert "wide-fold1 is queued with other settings: train.learning_rate 0.2 instead of 0.1" in other["detail"]
    for settings, field in (
        ({"split.fold": "1"}, "split.fold"),
        ({"data.sources": '["sample"]'}, "data.sources"),  # every fold would fetch it
        ({"train.epochs": "0"}, "train.epochs"),
    ):
        refused = client.post("/api/queue/tasks", json=wanted | {"name": "new", "settings": settings}).json()
        assert refused["field"] == field, refused
    odd = client.post("/api/queue/tasks", json=wanted | {"name": "a b"}).json()
    assert (odd["field"], "cannot be an experiment's name" in odd["detail"]) == ("name", True)
    assert client.post("/api/queue/tasks", json=wanted | {"folds": 1}).status_code == 422
    assert len(queue.tasks()) == 3


def test_folds_are_stopped_retried_and_forgotten_together(client: TestClient, repository: Repository):
    base, queue = repository.commit(), Queue(repository.project)
    put_task(repository.project, base, "alone")
    for number, state in enumerate(("done", "failed", "queued")):
        put_task(repository.project, base, f"wide-fold{number + 1}", state, "split.folds=3", f"split.fold={number}")
    assert client.post("/api/queue/folds/wide/stop", json={}).json() == {"stopped": ["wide-fold3"]}
    assert client.post("/api/queue/folds/wide/retry", json={}).json() == {"names": ["wide-fold2", "wide-fold3"]}
    assert client.post("/api/queue/folds/wide/retry", json={}).json() == {"names": []}
    assert {task.name: task.state for task in queue.tasks()} == {
        "alone": "queued", "wide-fold1": "done", "wide-fold2": "queued", "wide-fold3": "queued",
    }  # fmt: skip
    removed = client.request("DELETE", "/api/queue/folds/wide", json={}).json()
    assert removed == {"removed": ["wide-fold1", "wide-fold2", "wide-fold3"]}
    missing = client.post("/api/queue/folds/wide/stop", json={})
    assert (missing.status_code, missing.json()["detail"]) == (422, "no fold of 'wide' is in the queue")
    assert [task.name for task in queue.tasks()] == ["alone"]


def test_a_failed_one_is_tried_again_with_other_settings_in_its_own_place(client: TestClient, repository: Repository):
    base = repository.commit()
    put_task(repository.project, base, "lost", "failed", "train.epochs=3")
    repository.write({"params.yaml": "train:\n  learning_rate: 0.5\n"})  # later edits do not touch it
    fields = client.get("/api/queue/tasks/lost/form").json()["sections"][2]["fields"]
    values = {field["key"]: (field["value"], field["file"]) for field in fields}
    assert (values["train.epochs"], values["train.learning_rate"]) == (("3", "40"), ("0.1", "0.1"))
    assert [key for key, (value, file) in values.items() if value != file] == ["train.epochs"]
    wrong = client.post("/api/queue/tasks/lost/retry", json={"settings": {"train.epochs": "0"}})
    assert wrong.json()["field"] == "train.epochs"
    done = client.post("/api/queue/tasks/lost/retry", json={"settings": {"train.batch_size": "4"}})
    assert done.status_code == 200, done.text
    [task] = Queue(repository.project).tasks()
    assert (task.name, task.state, task.snapshot) == ("lost", "queued", base)
    assert task.overrides == ("train.epochs=3", "train.batch_size=4")
    running = client.post("/api/queue/tasks/lost/retry", json={})
    assert "nothing to try again" in running.json()["detail"]


def test_tasks_are_stopped_retried_and_forgotten(client: TestClient, repository: Repository):
    base, queue = repository.commit(), Queue(repository.project)
    put_task(repository.project, base, "one")
    assert client.post("/api/queue/tasks/one/stop", json={}).json() == {"stopped": ["one"]}
    assert queue.find("one").state == "stopped"
    assert client.post("/api/queue/tasks/one/retry", json={}).status_code == 200
    assert queue.find("one").state == "queued"
    put_task(repository.project, base, "two", "done")
    assert client.request("DELETE", "/api/queue/tasks", json={}).json() == {"removed": ["two"]}
    assert client.request("DELETE", "/api/queue/tasks/one", json={}).json() == {"removed": ["one"]}
    missing = client.request("DELETE", "/api/queue/tasks/one", json={})
    assert missing.status_code == 422
    assert "there is no queued experiment 'one'" in missing.json()["detail"]
    assert "nothing is queued" in client.post("/api/queue/workers", json={"jobs": 1}).json()["detail"]


def test_a_read_only_studio_refuses_every_change_and_shows_everything(repository: Repository):
    put_task(repository.project, repository.commit(), "one")
    with studio(repository.project, read_only=True) as client:
        for method, path in (("POST", "tasks"), ("POST", "tasks/one/stop"), ("DELETE", "tasks/one"), ("POST", "stop"),
                             ("POST", "folds/wide/stop"), ("DELETE", "folds/wide")):  # fmt: skip
            refused = client.request(method, f"/api/queue/{path}", json={})
            assert (refused.status_code, "only shows" in refused.json()["detail"]) == (403, True)
        assert client.get("/api/pages/queue").json()["tasks"][0]["name"] == "one"
        assert "data-read-only" in client.get("/queue/").text
    assert Queue(repository.project).find("one").state == "queued"
