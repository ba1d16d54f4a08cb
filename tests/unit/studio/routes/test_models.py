from pathlib import Path

from tests.unit.experiments.history import Repository, lock, metrics
from tests.unit.studio.projects import client
from tests.unit.studio.views.test_models import tag
from tilecli import files
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


def measured(model: str, dice: float) -> dict[str, str]:
    """What a run leaves that made a bundle of that hash."""
    made = lock(model[0] * 32, model[0] * 32, model, model)
    return {"dvc.lock": made, "evaluation/metrics.json": metrics(dice)}


def test_a_run_with_a_bundle_becomes_a_version_once(tmp_path: Path):
    repository = Repository.at(tmp_path / "parts")
    project = repository.project
    plain = repository.commit("No model")
    repository.write(measured("a" * 32, 0.7))
    first = repository.commit("One")
    better = repository.experiment("better", measured("b" * 32, 0.8))
    repository.experiment("half", {"dvc.lock": lock("c" * 32, "d" * 32, "d" * 32, "d" * 32)})  # of an older training
    with client(project) as opened:
        offered = opened.get("/api/models/candidates").json()
        assert [(run["name"], run["rev"], run["metrics"]["dice_mean"]) for run in offered["runs"]] == [
            ("better", better, 0.8), ("main", first, 0.7),
        ]  # fmt: skip
        assert (offered["next"]["patch"], offered["unsaved"]) == ("v1.0.0", False)
        gate = {
            "run": {"model": "b" * 32, "rev": better, "name": "better"},
            "passed": True,
            "verdict": "better",
        }
        files.write_json(project.report / "gate.json", gate | {"metric": "dice_mean"})
        assert opened.get("/api/models/candidates").json()["runs"][0]["gate"] == {"passed": True, "verdict": "better"}
        made = opened.post("/api/models", json={"run": better, "message": " finds more "})
        assert made.json() == {"version": "v1.0.0", "rev": better, "tag": "model@v1.0.0"}, made.text
        [version] = registry.versions(project)
        assert (version.registered.message, version.registered.facts["run"]) == ("finds more", "better")
        assert version.registered.facts["gate"]["verdict"] == "better"
        offered = opened.get("/api/models/candidates").json()
        assert [run["name"] for run in offered["runs"]] == ["main"]
        assert offered["next"] == {"major": "v2.0.0", "minor": "v1.1.0", "patch": "v1.0.1"}
        for run, words in ((better, "is v1.0.0 already"), (plain, "has no model of its own"), ("lost", "there is no")):
            refused = opened.post("/api/models", json={"run": run})
            assert (refused.status_code, words in refused.json()["detail"]) == (422, True), refused.text
        made = opened.post("/api/models", json={"run": first, "bump": "patch"})
        assert made.json()["version"] == offered["next"]["patch"]
        shown = opened.get("/api/pages/run?name=better").json()["head"]
        assert (shown["version"], shown["registrable"]) == ("v1.0.0", False)
    with client(project, read_only=True) as opened:
        assert opened.post("/api/models", json={"run": first}).status_code == 403


def test_a_model_that_no_commit_has_is_told_of_and_a_known_one_named(tmp_path: Path):
    repository = Repository.at(tmp_path / "parts")
    repository.write(measured("a" * 32, 0.7))
    tag(repository, "model@v1.0.0", repository.commit("One"), "Safe", model="a" * 32)
    repository.commit("Words only")
    with client(repository.project) as opened:
        offered = opened.get("/api/models/candidates").json()
        assert [(run["same_as"], run["message"]) for run in offered["runs"]] == [("v1.0.0", "Words only")]
        assert not offered["unsaved"]
        repository.write(measured("b" * 32, 0.8))
        assert opened.get("/api/models/candidates").json()["unsaved"]
        shown = opened.get("/api/pages/run?name=HEAD").json()["head"]
        assert (shown["version"], shown["registrable"]) == (None, True)
        assert not opened.get("/api/pages/run?name=workspace").json()["head"]["registrable"]


def test_a_server_is_asked_only_where_one_was_named(tmp_path: Path):
    with client(Repository.at(tmp_path).project) as opened:
        assert opened.get("/api/models/deployed").json() == {}
        opened.app.state.studio.endpoint = "http://127.0.0.1:9"  # nobody listens there
        refused = opened.get("/api/models/deployed").json()
        assert "no answer" in refused["detail"]
        assert "127.0.0.1:9/v1/model" in refused["detail"]
