from pathlib import Path

from tests.unit.experiments.history import Repository
from tests.unit.studio.projects import client
from tests.unit.studio.views.test_models import tag
from tilecli.experiments import registry


def test_a_version_is_promoted_in_the_place_of_another(tmp_path: Path):
    repository = Repository.at(tmp_path / "parts")
    tag(repository, "model@v1.0.0", repository.commit("One"), "Safe", metrics={})
    with client(repository.project) as opened:
        done = opened.post("/api/models/v1.0.0/promote", json={"stage": " prod ", "message": "At last"})
        assert done.json() == {"version": "v1.0.0", "stages": ["prod"]}
        assert registry.events(repository.project)[-1].message == "At last"
        again = opened.post("/api/models/v1.0.0/promote", json={"stage": "prod"})
        assert (again.status_code, again.json()["detail"]) == (422, "v1.0.0 is in prod already")
        odd = opened.post("/api/models/v1.0.0/promote", json={"stage": "--help"})
        assert "is no name of a stage" in odd.json()["detail"]
    with client(repository.project, read_only=True) as opened:
        assert opened.post("/api/models/v1.0.0/promote", json={"stage": "dev"}).status_code == 403


def test_a_server_is_asked_only_where_one_was_named(tmp_path: Path):
    with client(Repository.at(tmp_path).project) as opened:
        assert opened.get("/api/models/deployed").json() == {}
        opened.app.state.studio.endpoint = "http://127.0.0.1:9"  # nobody listens there
        refused = opened.get("/api/models/deployed").json()
        assert "no answer" in refused["detail"]
        assert "127.0.0.1:9/v1/model" in refused["detail"]
