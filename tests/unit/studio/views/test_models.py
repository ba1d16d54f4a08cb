import json
from pathlib import Path

from tests.unit.experiments.history import Repository, git
from tilecli.studio.views import models

DATA = "0123456789abcdef0123456789abcdef"
LOCK = "schema: '2.0'\nstages:\n  fetch:\n    outs:\n    - {{path: data/dataset, hash: md5, md5: {data}.dir}}\n"


def tag(repository: Repository, name: str, rev: str, message: str, **facts: object) -> None:
    """As GTO writes it."""
    words = message + (f"\n\nfacts: {json.dumps(facts)}" if facts else "")
    git(repository.project.root, "tag", "-a", name, rev, "-m", words)


def test_no_model_yet(tmp_path: Path):
    shown = models.view(Repository.at(tmp_path).project, {})
    assert (shown["versions"], shown["stages"], shown["events"]) == ([], [], [])
    assert shown["here"] == {"model": "", "version": None}
    assert shown["known"] == ["dev", "staging", "prod"]


def test_versions_with_their_figures_and_stages_with_what_is_in_them(tmp_path: Path):
    repository = Repository.at(tmp_path)
    repository.write({"dvc.lock": LOCK.format(data=DATA)})
    first = repository.commit("One")
    git(repository.project.root, "tag", "base-data")
    second = repository.commit("Two")
    gate = {"passed": False, "verdict": "worse", "metric": "dice_mean"}
    tag(repository, "model@v1.0.0", first, "Safe", metrics={"dice_mean": 0.8}, data=DATA, run="main", model="abc")
    tag(repository, "model@v1.1.0", second, "Bold", metrics={}, data="f" * 32, run="bold", gate=gate)
    tag(repository, "model#prod#1", first, "v1.0.0 to prod")
    tag(repository, "model#line#2", second, "tried")
    shown = models.view(repository.project, {})
    new, old = shown["versions"]
    assert (new["name"], new["gate"], new["data_tag"], new["stages"]) == ("v1.1.0", gate, "", ["line"])
    assert (old["metrics"], old["data_tag"], old["stages"], old["by"]) == (
        {"dice_mean": 0.8},
        "base-data",
        ["prod"],
        "test",
    )
    assert [(stage["name"], stage["version"]) for stage in shown["stages"]] == [("line", "v1.1.0"), ("prod", "v1.0.0")]
    assert shown["known"] == ["dev", "staging", "prod", "line"]
    assert len(shown["events"]) == 4
    of_prod = [event for event in shown["events"] if event["stage"] == "prod"]
    assert [(event["kind"], event["version"]) for event in of_prod] == [("promoted", "v1.0.0")]
