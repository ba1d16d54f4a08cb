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
    assert done.json() == {"name": "higher", "remarks": []}
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


def test_a_failed_one_is_tried_again_with_other_settings_in_its_own_place(client: TestClient, repository: Repository):
    base = repository.commit()
    put_task(repository.project, base, "lost", "failed", "train.epochs=3")
    repository.write({"params.yaml": "train:\n  learning_rate: 0.5\n"})  # later edits do not touch it
    fields = client.get("/api/queue/tasks/lost/form").json()["sections"][2]["fields"]
    values = {field["key"]: field["value"] for field in fields}
    assert (values["train.epochs"], values["train.learning_rate"]) == ("3", "0.1")
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
        for method, path in (("POST", "tasks"), ("POST", "tasks/one/stop"), ("DELETE", "tasks/one"), ("POST", "stop")):
            refused = client.request(method, f"/api/queue/{path}", json={})
            assert (refused.status_code, "only shows" in refused.json()["detail"]) == (403, True)
        assert client.get("/api/pages/queue").json()["tasks"][0]["name"] == "one"
        assert "data-read-only" in client.get("/queue/").text
    assert Queue(repository.project).find("one").state == "queued"
