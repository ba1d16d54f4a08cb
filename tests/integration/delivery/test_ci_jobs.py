"""The workflows' shell steps, run for real: a push to an experiment's branch, the merge, and what follows from it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Tiles
from tests.integration.delivery import jobs
from tests.integration.delivery.jobs import Ran, Site, push_experiment
from tests.integration.experiments import git
from tests.integration.hosts import GITHUB, GITLAB
from tilecli.reporting.hosting.pictures import BRANCH


def experiment(site: Site, branch: str, **changed: str) -> Ran:
    if site.host.kind == GITHUB:
        return jobs.github(site, "tiles-experiment.yaml", "experiment", branch, **changed)
    return jobs.gitlab(site, "tiles-experiment.yml", "tiles-experiment", branch, **changed)


def release(site: Site) -> Ran:
    if site.host.kind == GITHUB:
        return jobs.github(site, "tiles-develop.yaml", "release", "main")
    return jobs.gitlab(site, "tiles-develop.yml", "tiles-release", "main")


@pytest.mark.parametrize("set_up", [GITLAB], indirect=True)  # GitHub's jobs: e2e/test_branch_to_production
def test_a_better_model_is_measured_reported_merged_released_and_pulled(set_up: Site, tiles: Tiles) -> None:
    site, host = set_up, set_up.host
    pushed = push_experiment(site, "exp-rate", {"train.learning_rate": 0.02})
    ran = experiment(site, "exp-rate")
    assert ran.code == 0, ran.said

    # The results are a commit of the branch, which says what it measured; nothing of the token is left on disk.
    kept = site.at_hub("rev-parse", "exp-rate")
    assert site.at_hub("rev-parse", "exp-rate^") == pushed
    assert f"Tiles-Measured: {pushed}" in site.at_hub("log", "-1", "--format=%B", "exp-rate")
    changed = site.at_hub("diff", "--name-only", pushed, kept).split()
    assert {"dvc.lock", "evaluation/metrics.json", "evaluation/per_image.csv"} <= set(changed)
    assert not [path for path in changed if path.startswith("report/")]
    for path in (site.folder).rglob("config*"):
        if path.is_file() and "site-packages" not in path.parts:
            assert jobs.KEY not in path.read_text(errors="replace")

    # One request with one comment, whose pictures are at the host; merged, and only the commit that was measured.
    (number,) = host.opened
    assert host.opened[number]["title"] == "Try train.learning_rate 0.02"
    (text,) = host.texts(number)
    assert "exp-rate against origin/main" in text
    assert "**Gate: passed.**" in text
    assert "▲ better" in text
    (commit,) = set(re.findall(r"/(?:blob|raw)/([0-9a-f]{40})/", text))
    assert "worst_01_p00.jpg" in site.at_hub("ls-tree", "-r", "--name-only", commit)
    assert BRANCH in site.at_hub("branch", "--format=%(refname:short)")
    assert host.merged == {number: kept}
    assert site.at_hub("rev-parse", "main") == kept
    assert host.started == ([("tiles-develop.yaml", "main")] if host.kind == GITHUB else [])

    # Of the merge, the next version; in another clone its bundle, from the remote.
    ran = release(site)
    assert ran.code == 0, ran.said
    assert site.at_hub("tag").split() == ["model#dev#1", "model@v1.0.0"]
    assert site.at_hub("rev-parse", "model#dev#1^{commit}") == kept
    clone = site.clone("deployer", "model#dev#1")
    tiles("model", "pull", "dev", "--out", "deployed", cwd=clone)
    assert "0.02" in (clone / "deployed" / "model.onnx").read_text()
    # The same once more finds that there is nothing to release.
    ran = release(site)
    assert ran.code == 0
    assert "v1.0.0 already" in ran.said
    assert len(site.at_hub("tag").split()) == 2


@pytest.mark.parametrize("set_up", [GITLAB], indirect=True)
def test_a_worse_model_is_reported_and_not_merged(set_up: Site) -> None:
    site, host = set_up, set_up.host
    before = site.at_hub("rev-parse", "main")
    push_experiment(site, "exp-slow", {"train.learning_rate": 0.001})
    ran = experiment(site, "exp-slow")
    assert ran.code == 3, ran.said
    assert "the gate stops this run: worse than origin/main" in ran.said
    (number,) = host.opened
    (text,) = host.texts(number)
    assert "**Gate: stopped.**" in text
    assert host.merged == {}
    assert site.at_hub("rev-parse", "main") == before
    # The results are on the branch all the same.
    assert "evaluation/metrics.json" in site.at_hub("diff", "--name-only", before, "exp-slow")


@pytest.mark.parametrize("set_up", [GITHUB], indirect=True)
def test_the_first_run_of_a_project_has_nothing_to_compare_with(set_up: Site) -> None:
    root = set_up.folder / "parts"
    git(root, "rm", "--quiet", "-r", "dvc.lock", "evaluation", "training", "models", "data")
    git(root, "commit", "--quiet", "-m", "As it was laid down")
    git(root, "push", "--quiet", "origin", "main")
    shutil.rmtree(set_up.folder / "store")
    (set_up.folder / "store").mkdir()
    push_experiment(set_up, "exp-first", {"train.learning_rate": 0.02})
    ran = experiment(set_up, "exp-first")
    assert ran.code == 0, ran.said
    (number,) = set_up.host.opened
    assert "**Gate: passed.**" in set_up.host.texts(number)[0]
    assert set_up.host.merged == {number: set_up.at_hub("rev-parse", "exp-first")}


@pytest.mark.parametrize("fork", [False, True])
def test_a_job_without_a_token_ends_before_anything_is_trained(set_up: Site, tmp_path: Path, fork: bool) -> None:
    push_experiment(set_up, "exp-rate", {"train.learning_rate": 0.02})
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"fork": True}}))
    of_fork = {"GITHUB_EVENT_PATH": str(event), "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_PROJECT_ID": "1"}
    ran = experiment(set_up, "exp-rate", GITHUB_TOKEN="", GITLAB_TOKEN="", **(of_fork if fork else {}))
    assert ran.code == 1
    assert ("a fork's job gets no token" if fork else "TOKEN is not set") in ran.said
    assert "tiles train" not in ran.said
    assert "Train what has changed" not in ran.steps
    assert not set_up.host.calls
    assert set_up.at_hub("branch", "--format=%(refname:short)").split() == ["exp-rate", "main"]
