"""`tiles deploy heroku` against a stand-in of its API: the calls, the archive, limits, failures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.delivery.conftest import Deploy
from tests.integration.delivery.heroku_host import APP, BUILD, TOKEN, HerokuHost, standing_in
from tilecli.delivery.images import context, heroku
from tilecli.delivery.images.heroku import Heroku
from tilecli.errors import DeployError

KEY = "a-key-of-the-line-1"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, deploy: Deploy) -> Iterator[HerokuHost]:
    with standing_in() as made:
        monkeypatch.setenv("TILES_HEROKU_API", made.url)
        monkeypatch.setenv("HEROKU_API_KEY", TOKEN)
        monkeypatch.setattr(heroku, "_LOOK_S", 0.05)
        yield made
    assert made.problems == []


def client(host: HerokuHost) -> Heroku:
    return Heroku(APP, {"TILES_HEROKU_API": host.url, "HEROKU_API_KEY": TOKEN})


def test_what_is_sent_and_asked(host: HerokuHost, deploy: Deploy, dark: Path) -> None:
    done = deploy("heroku", "--app", APP, "--bundle", dark, "--json")
    said = json.loads(done.stdout)
    where = f"/apps/{APP}"
    assert host.calls == [
        f"GET {where}",
        f"GET {where}/config-vars",
        "POST /sources",
        "PUT /store",
        f"POST {where}/builds",
        f"GET {where}/builds/{BUILD}",
        f"GET {where}/builds/{BUILD}",
        f"GET {where}",
    ]
    assert (said["url"], said["build"], said["archive_bytes"]) == ("https://line-7.test", BUILD, len(host.archive))
    assert host.blob["version"] == said["bundle"]
    assert {"Dockerfile", "heroku.yml", "requirements.txt", "bundle/model.onnx", "tilecli/__main__.py"} <= set(
        host.names()
    )
    assert not any("__pycache__" in name or name.startswith("/") for name in host.names())
    assert not any(Path.cwd().iterdir())  # nothing is left here
    assert TOKEN not in done.output


def test_the_same_bundle_is_the_same_archive(host: HerokuHost, dark: Path) -> None:
    made = context.plan(dark, "heroku", "parts")
    sums = set()
    for _ in range(2):
        host.looks = 1
        with client(host) as app:
            app.release(made)
        sums.add(hashlib.sha256(host.archive).hexdigest())
    assert len(sums) == 1


def test_the_dry_run_calls_nobody(host: HerokuHost, deploy: Deploy, dark: Path) -> None:
    done = deploy("heroku", "--app", APP, "--bundle", dark, "--dry-run")
    assert f"would call POST /apps/{APP}/builds" in done.output
    assert "would call PATCH" not in done.output
    assert host.calls == []


def test_limits_and_failures_that_pass_are_waited_for(host: HerokuHost, dark: Path) -> None:
    soon = {"Retry-After": "0"}
    host.planned = [(429, soon, {"id": "rate_limit", "message": "Too many requests"}), (503, soon, "down")]
    with client(host) as app:
        app.prepare(None)
        host.planned = [(503, soon, {})]
        app.release(context.plan(dark, "heroku", "parts"))
    assert host.calls.count(f"GET /apps/{APP}") == 4
    assert host.calls.count("POST /sources") == 2


def test_a_build_that_fails_shows_the_end_of_its_log(host: HerokuHost, deploy: Deploy, dark: Path) -> None:
    host.outcome = "failed"
    said = deploy("heroku", "--app", APP, "--bundle", dark, code=1).output
    assert "the build is failed" in said and "no matching distribution" in said
    assert "the app goes on as it was" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("stack, config", [("heroku-24", {"TILES_API_KEYS": "x"}), ("container", {})])
def test_an_app_that_is_not_ready_is_told_before_anything_is_sent(
    host: HerokuHost, deploy: Deploy, dark: Path, stack: str, config: dict[str, str]
) -> None:
    host.stack, host.config = stack, config
    said = deploy("heroku", "--app", APP, "--bundle", dark, code=1).output
    assert "--set-up" in said
    assert not any(call.startswith(("POST", "PUT", "PATCH")) for call in host.calls)


def test_setting_up(host: HerokuHost, deploy: Deploy, dark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.stack, host.config = "heroku-24", {"OTHER": "stays"}
    assert "no keys to set" in deploy("heroku", "--app", APP, "--bundle", dark, "--set-up", code=2).output
    monkeypatch.setenv("TILES_API_KEYS", KEY)
    done = deploy("heroku", "--app", APP, "--bundle", dark, "--set-up")
    assert (host.stack, host.config) == ("container", {"OTHER": "stays", "TILES_API_KEYS": KEY})
    assert KEY not in done.output


def test_what_cannot_work_is_one_error(
    host: HerokuHost, deploy: Deploy, dark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is no name of an app" in deploy("heroku", "--app", "../x", "--bundle", dark, code=2).output
    assert "find that app" in deploy("heroku", "--app", "line-8", "--bundle", dark, code=1).output
    monkeypatch.setenv("HEROKU_API_KEY", "another")
    assert "Invalid credentials" in deploy("heroku", "--app", APP, "--bundle", dark, code=1).output
    monkeypatch.delenv("HEROKU_API_KEY")
    assert "HEROKU_API_KEY" in deploy("heroku", "--app", APP, "--bundle", dark, code=1).output


def test_an_address_that_is_none_of_herokus(host: HerokuHost, dark: Path) -> None:
    host.planned = [(200, {}, "<html>")]
    with client(host) as app, pytest.raises(DeployError, match="none of Heroku's"):
        app.prepare(None)
    host.planned = [(201, {}, {"something": "else"})]
    with client(host) as app, pytest.raises(DeployError, match="lacks 'source_blob'"):
        app.release(context.plan(dark, "heroku", "parts"))
