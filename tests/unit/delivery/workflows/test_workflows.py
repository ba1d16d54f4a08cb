"""Workflows of every combination of options: valid by the hosts' schemas, without known holes, shell that holds."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tilecli.delivery.workflows import render, secrets
from tilecli.delivery.workflows.choices import Choices
from tilecli.errors import UsageError
from tilecli.experiments.remotes.settings import Remote

HOSTS = ("github", "gitlab")
S3 = Remote("storage", "s3://parts/photos", {}, default=True)
STORES = {
    "none": None,
    "folder": Remote("storage", "/mnt/nas/parts", {}, default=True),
    "s3": S3,
    "ssh": Remote("lab", "ssh://lab/srv/parts", {}, default=True),
    "http": Remote("mirror", "https://mirror.test/parts", {"auth": "basic"}, default=True),
}
GATE = ("--min", "0.8", "--floor", "crack=0.6")
EXPRESSION = "${{"


def every(host: str) -> list[Choices]:
    runners, targets = ("hosted", "self-hosted", "cml-aws"), ("docker", "heroku", "none")
    made = [
        Choices(host, runner, deploy=target, app="parts", auto_merge=merging, storage=S3, gate=GATE)
        for runner, target, merging in itertools.product(runners, targets, (False, True))
    ]
    made += [
        Choices(
            host, runner, storage=store, app="registry.test:5000/acme/parts", folder="vision lab", base="release/1.x"
        )
        for runner, store in itertools.product(runners, STORES.values())
    ]
    made.append(
        Choices(host, branches="trials/new", labels=("tiles", "gpu"), runner="self-hosted", tiles="a \"b\" 'c' $(d)")
    )
    return made


def tool(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    path = str(found) if found.is_file() else shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed: pip install 'tilecli[dev]'")
    return path


def checked(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The files of every combination, each in a repository's folder of its own."""
    found: dict[str, list[Path]] = {}
    for host in HOSTS:
        for number, choices in enumerate(every(host)):
            top = tmp_path_factory.mktemp(f"{host}{number}-")
            for name, text in render.render(choices, "tiles ci init").items():
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                (top / name).write_text(text)
                found.setdefault(host, []).append(top / name)
    return found


@pytest.mark.parametrize(("host", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")])
def test_the_hosts_schemas_take_them(written: dict[str, list[Path]], host: str, schema: str) -> None:
    checked(tool("check-jsonschema"), "--builtin-schema", schema, *written[host])


def test_zizmor_finds_nothing(written: dict[str, list[Path]]) -> None:
    options = ("--offline", "--no-progress", "--persona=pedantic", "--collect=workflows")
    checked(tool("zizmor"), *options, *written["github"])


def scripts(value: Any) -> list[str]:
    """Every shell script in a workflow; lines of a list run one after the other in one shell, as GitLab does it."""
    if isinstance(value, list):
        return [script for one in value for script in scripts(one)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, inner in value.items():
        if key == "run" and isinstance(inner, str):
            found.append(inner)
        elif key in ("script", "before_script", "after_script"):
            found.append("\n".join(inner))
        else:
            found += scripts(inner)
    return found


def test_shellcheck_finds_nothing(written: dict[str, list[Path]], tmp_path: Path) -> None:
    found = {
        script for paths in written.values() for path in paths for script in scripts(yaml.safe_load(path.read_text()))
    }
    assert len(found) > 20
    for number, script in enumerate(sorted(found)):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{script}\n")
    checked(tool("shellcheck"), "--shell=bash", *sorted(tmp_path.glob("*.sh")))


def test_no_expression_stands_in_a_script(written: dict[str, list[Path]]) -> None:
    for path in written["github"]:
        for script in scripts(yaml.safe_load(path.read_text())):
            assert EXPRESSION not in script, path


def test_jobs_have_the_rights_that_they_need_and_an_end(written: dict[str, list[Path]]) -> None:
    for path in written["github"]:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}
        assert "concurrency" in workflow
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"] > 0
            allowed = {
                "experiment": {"actions", "contents", "pull-requests"},
                "release": {"contents"},
                "machine": set(),
            }
            writes = {right for right, how in job.get("permissions", {}).items() if how == "write"}
            assert writes <= allowed.get(name, set()), (path, name)
            for step in job["steps"]:
                if "uses" in step:
                    assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_the_training_sees_no_secret() -> None:
    for runner in ("hosted", "self-hosted", "cml-aws"):
        text = render.render(Choices("github", runner, storage=S3), "x")[".github/workflows/tiles-experiment.yaml"]
        job = yaml.safe_load(text)["jobs"]["experiment"]
        assert "secrets." not in json.dumps(job["env"])
        (train,) = [step for step in job["steps"] if step.get("run") == "tiles train"]
        assert "env" not in train


@pytest.mark.parametrize("host", HOSTS)
def test_every_secret_in_a_workflow_is_listed_and_the_other_way_round(host: str) -> None:
    for choices in every(host):
        text = "\n".join(render.render(choices, "x").values())
        listed = {one.name for one in secrets.of(choices)}
        if host == "github":
            assert set(re.findall(r"(?:secrets|vars)\.(\w+)", text)) == listed, choices
        else:
            used = {name for name in listed if re.search(rf"\${name}\b", text)}
            # GitLab gives a job's scripts every variable: these two programs read theirs by themselves.
            alone = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HEROKU_API_KEY", "TILES_API_KEYS", "GITLAB_TOKEN"}
            assert listed - used <= alone, choices


def test_what_pip_installs_is_one_value() -> None:
    chosen = Choices("github", tiles="tilecli[train,ssh] @ git+https://hub.test/tiles@v2")
    assert chosen.small_spec == "tilecli[data,ssh] @ git+https://hub.test/tiles@v2"
    assert Choices("github", tiles="dist/tilecli-2.whl").small_spec == "dist/tilecli-2.whl"
    text = render.render(Choices("github", tiles='a "b" $(c)'), "x")[".github/workflows/tiles-experiment.yaml"]
    assert yaml.safe_load(text)["jobs"]["experiment"]["env"]["TILES"] == 'a "b" $(c)'


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"base": "main; rm -rf /"}, "--base"),
        ({"branches": "exp$(id)"}, "--branches"),
        ({"labels": ("${{ x }}",)}, "--labels"),
        ({"labels": ()}, "--labels tiles"),
        ({"deploy": "heroku", "app": "My_App"}, "--app"),
        ({"app": "a b"}, "--app"),
        ({"tiles": "a\nb"}, "--tiles"),
        ({"cloud_type": "g4 x"}, "--cloud-type"),
    ],
)
def test_what_could_become_a_command_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        Choices("github", **given)
    assert says in str(refused.value)
