"""The articles' loop with real trainings: a branch, its jobs, the report, the gate, the merge, the tags, a deployment
from nothing, and the check of what answers; and again with a worse model, which the gate stops.
"""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.session import Session
from tests.integration.delivery import jobs, recipe_steps
from tests.integration.delivery.jobs import Site, push_experiment, tiles
from tests.integration.experiments import git
from tests.integration.hosts import GITHUB, standing_in

# The model on main has seen eight batches; with these it learns something.
LEARNS = {"train.epochs": 3, "train.steps_per_epoch": 50, "train.learning_rate": 0.01}
KEY = "a-key-of-the-line-1"


@pytest.fixture(scope="module")
def site(trained: Callable[[Path], Session], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A measured model on main, at a host that runs the workflows of `tiles ci init`."""
    folder = tmp_path_factory.mktemp("company")
    root = trained(folder / "a user").project.rename(folder / "parts")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "First results")
    jobs.put_at_hub(folder, GITHUB, "--auto-merge", "--deploy", "none", "--gate", "--min 0.1")
    with standing_in(GITHUB) as host:
        found = Site(folder, host)
        host.repository = found.hub
        yield found


def test_a_branch_becomes_the_model_in_production(site: Site) -> None:
    push_experiment(site, "exp-longer", LEARNS)
    ran = jobs.github(site, "tiles-experiment.yaml", "experiment", "exp-longer")
    assert ran.code == 0, ran.said
    (number,) = site.host.opened
    (text,) = site.host.texts(number)
    assert "**Gate: passed.**" in text
    assert "| `train.epochs` | 2 | 3 |" in text
    assert site.host.merged == {number: site.at_hub("rev-parse", "main")}

    ran = jobs.github(site, "tiles-develop.yaml", "release", "main")
    assert ran.code == 0, ran.said
    engineer = site.clone("engineer", "main")
    git(engineer, "config", "user.name", "An Engineer")
    git(engineer, "config", "user.email", "engineer@example.org")
    tiles(engineer, "model", "promote", "latest", "prod")
    git(engineer, "push", "--quiet", "origin", "--tags")
    assert site.at_hub("tag").split() == ["model#dev#1", "model#prod#2", "model@v1.0.0"]


def test_production_is_deployed_from_nothing_and_answers_as_the_bundle_does(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = site.clone("deployer", "model#prod#2")
    tiles(deployer, "data", "pull")
    tiles(deployer, "deploy", "docker", "--model", "prod", "--no-build")
    # Not below pytest's own folder, which only its user may enter.
    with tempfile.TemporaryDirectory(prefix="tiles-rehearsal-") as name, socket.socket() as free:
        scratch = Path(name)
        scratch.chmod(0o755)
        stage = recipe_steps.carry_out(deployer / "deploy", scratch)
        shutil.rmtree(scratch / "build")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        server = recipe_steps.start(stage, scratch / "log.txt", PORT=str(port), TILES_API_KEYS=KEY)
        try:
            monkeypatch.setenv("TILES_API_KEYS", KEY)
            check = ("deploy", "check", f"http://127.0.0.1:{port}", "--model", "prod", "--sample", "6", "--wait", "60")
            said = json.loads(tiles(deployer, *check, "--json"))
        finally:
            server.terminate()
            server.wait(60)
    assert said["passed"]
    assert (said["photos"], said["dice"], said["equal_verdicts"]) == (6, 1.0, 1.0)
    assert set(said["their_bundles"]) == {said["bundle"]}


def test_a_worse_model_is_stopped_and_said_to_be_worse(site: Site) -> None:
    before = site.at_hub("rev-parse", "main")
    push_experiment(site, "exp-slow", {"train.learning_rate": 1e-6})
    ran = jobs.github(site, "tiles-experiment.yaml", "experiment", "exp-slow")
    assert ran.code == 3, ran.said
    assert "worse than origin/main" in ran.said
    (text,) = site.host.texts(max(site.host.opened))
    assert "**Gate: stopped.**" in text
    assert site.at_hub("rev-parse", "main") == before
    assert len(site.host.merged) == 1
    assert len(site.at_hub("tag").split()) == 3
