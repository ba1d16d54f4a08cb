"""The steps by themselves: what they do with a token, and what stops them, with nothing half done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.delivery.githttp import serving
from tests.integration.delivery.jobs import SERVER, Site
from tests.integration.experiments import git
from tests.integration.hosts import GITHUB, GITLAB, KEY
from tilecli import paramfile
from tilecli.delivery.jobs import keep, merge, readiness, release
from tilecli.errors import GateError, ProjectError, PublishError, TilesError
from tilecli.experiments.naming import resolve
from tilecli.files import write_json
from tilecli.layout import Project
from tilecli.reporting.hosting import pictures
from tilecli.reporting.hosting.publish import HOSTS

USER = {GITHUB: "x-access-token", GITLAB: "oauth2"}
NOBODY: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")


def job(site: Site, branch: str, url: str = SERVER, token: str = KEY) -> dict[str, str]:
    """The variables of a job of that branch."""
    if site.host.kind == GITHUB:
        own = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": url, "GITHUB_TOKEN": token, "GITHUB_REF_NAME": branch}
        return {**own, "GITHUB_API_URL": site.host.url, "GITHUB_REPOSITORY": "acme/parts"}
    own = {"GITLAB_CI": "true", "CI_SERVER_URL": url, "GITLAB_TOKEN": token, "CI_COMMIT_REF_NAME": branch}
    return {**own, "CI_API_V4_URL": site.host.url, "CI_PROJECT_PATH": "acme/parts"}


def changed(site: Site, branch: str = "exp-rate") -> Project:
    """A branch whose results have changed, and a file of the engineer's own too."""
    project = Project(site.folder / "parts")
    git(project.root, "switch", "--quiet", "--create", branch)
    git(project.root, "push", "--quiet", "origin", branch)
    text = paramfile.edit(project.params.read_text(), {"train.learning_rate": 0.02})
    project.params.write_text(text)
    project.metrics.write_text("{}\n")
    (project.root / "notes.txt").write_text("mine")
    return project


@pytest.mark.parametrize("left_behind", ["nothing", "a header", "a user in the address"])
def test_the_token_logs_git_in_and_is_written_nowhere(set_up: Site, left_behind: str) -> None:
    project = changed(set_up)
    with serving(set_up.folder, USER[set_up.host.kind], KEY) as server:
        address = f"{server.url}/hub.git"
        if left_behind == "a header":
            git(project.root, "config", f"http.{server.url}/.extraheader", "AUTHORIZATION: basic b2xk")
        elif left_behind == "a user in the address":
            address = address.replace("://", "://gitlab-ci-token:old@")
        git(project.root, "remote", "set-url", "origin", address)
        with pytest.raises(ProjectError, match="git could not reach") as refused:
            keep.keep(project, job(set_up, "exp-rate", server.url, "wrong"))
        assert "may not push" in str(refused.value)
        done = keep.keep(project, job(set_up, "exp-rate", server.url))
        assert done.pushed
        picture = project.root / "data" / "p.png"
        picture.parent.mkdir(exist_ok=True)
        picture.write_bytes(b"p")
        commit = pictures.push(project.root, [picture], "abc", job(set_up, "exp-rate", server.url))
        assert set_up.at_hub("cat-file", "-t", f"{commit}:abc/p.png") == "blob"
        assert all(len(said) <= 1 for said in server.shown)
    assert set_up.at_hub("rev-parse", "exp-rate") == done.rev
    for path in (project.root / ".git").rglob("*"):
        if path.is_file() and path.stat().st_size < 100_000:
            assert KEY.encode() not in path.read_bytes(), path


def test_only_results_are_kept_and_only_once(set_up: Site) -> None:
    project = changed(set_up)
    before = git(project.root, "rev-parse", "HEAD")
    done = keep.keep(project, NOBODY)
    assert set(done.files) == {"params.yaml", "evaluation/metrics.json"}
    assert (done.branch, done.left, done.pushed) == ("exp-rate", ("notes.txt",), True)
    assert git(project.root, "log", "-1", "--format=%B").splitlines()[-1] == f"Tiles-Measured: {before}"
    again = keep.keep(project, NOBODY)
    assert (again.rev, again.files) == (done.rev, ())


def test_a_branch_that_has_moved_on_keeps_what_it_has(set_up: Site) -> None:
    project = changed(set_up)
    other = set_up.clone("colleague", "exp-rate")
    git(other, "-c", "user.name=c", "-c", "user.email=c@c", "commit", "--quiet", "--allow-empty", "-m", "Newer")
    git(other, "push", "--quiet", "origin", "exp-rate")
    with pytest.raises(ProjectError, match="has moved on"):
        keep.keep(project, NOBODY)
    assert set_up.at_hub("log", "-1", "--format=%s", "exp-rate") == "Newer"


def test_what_stops_keep_is_said(set_up: Site) -> None:
    project = changed(set_up)
    with pytest.raises(ProjectError, match="this job is of a tag"):
        keep.keep(project, {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"})
    git(project.root, "checkout", "--quiet", "--detach")
    with pytest.raises(ProjectError, match="no branch is checked out"):
        keep.keep(project, NOBODY)
    git(project.root, "remote", "remove", "origin")
    with pytest.raises(ProjectError, match="there is no git remote 'origin'"):
        keep.keep(project, NOBODY, branch="exp-rate")
    assert "evaluation/metrics.json" in git(project.root, "status", "--porcelain")


@pytest.fixture
def asked(set_up: Site) -> tuple[Site, Project]:
    """A branch of results that the gate lets pass, with an open request to main."""
    project = changed(set_up)
    keep.keep(project, NOBODY)
    host = set_up.host
    host.requests["exp-rate"], host.comments[4] = 4, []
    host.opened[4] = {"branch": "exp-rate", "base": "main", "draft": False, "title": "Try"}
    decide(project, passed=True)
    return set_up, project


def decide(project: Project, *, passed: bool) -> None:
    """What the gate writes."""
    run = resolve(project, "HEAD")
    values: dict[str, Any] = {
        "passed": passed,
        "run": {"name": "exp-rate", "rev": run.rev, "model": run.model},
        "base": {"name": "origin/main", "rev": git(project.root, "rev-parse", "main")},
        "checks": [{"about": "regression", "passed": passed, "words": "worse than origin/main"}],
    }
    write_json(project.report / "gate.json", values)


def merged(site: Site, project: Project, **options: Any) -> merge.Merged:
    environment = job(site, "exp-rate")
    host = HOSTS[site.host.kind](environment, "acme/parts")
    return merge.merge(project, host, environment, **{"base": "main", **options})


def test_the_measured_commit_is_merged(asked: tuple[Site, Project]) -> None:
    site, project = asked
    done = merged(site, project)
    assert (done.request, done.rev) == (4, git(project.root, "rev-parse", "HEAD"))
    assert site.host.merged == {4: done.rev}
    with pytest.raises(PublishError, match="there is no open pull request"):
        merged(site, project)
    with pytest.raises(PublishError, match="merged or closed already"):
        merged(site, project, request=4)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("stopped", "the gate stops this run: worse than origin/main"),
        ("undecided", "the gate has not decided"),
        ("fork", "a request of a fork is merged by a person"),
        ("draft", "is a draft"),
        ("other base", "goes to 'release'"),
        ("newer push", "was measured"),
        ("base moved", "'main' has moved on since the gate compared"),
        ("vanished", "is gone"),
        ("no token", "no longer valid"),
        ("a rule", "a rule|stands against|has not passed"),
    ],
)
def test_what_stops_a_merge_is_said(asked: tuple[Site, Project], what: str, says: str) -> None:
    site, project = asked
    options: dict[str, Any] = {}
    if what == "stopped":
        decide(project, passed=False)
    elif what == "undecided":
        (project.report / "gate.json").unlink()
    elif what == "fork":
        site.host.foreign.add(4)
    elif what == "draft":
        site.host.opened[4] |= {"draft": True, "title": "Draft: Try"}
    elif what == "other base":
        site.host.opened[4]["base"] = "release"
    elif what in ("newer push", "base moved"):
        branch = "exp-rate" if what == "newer push" else "main"
        other = site.clone("colleague", branch)
        git(other, "-c", "user.name=c", "-c", "user.email=c@c", "commit", "--quiet", "--allow-empty", "-m", "Newer")
        git(other, "push", "--quiet", "origin", branch)
    elif what == "vanished":
        options["request"] = 9
    elif what == "no token":
        site.host.planned = [(401, {}, {"message": "Bad credentials"})]
    elif what == "a rule":
        about = site.host._about(4)
        site.host.planned = [about, (405, {}, {"message": "Required status check is expected."})]
        options["request"] = 4
    with pytest.raises(TilesError) as refused:
        merged(site, project, **options)
    assert any(word in str(refused.value) for word in says.split("|")), refused.value
    assert isinstance(refused.value, GateError) == (what == "stopped")
    assert site.host.merged == {}
    assert GateError.exit_code == 3


def test_a_release_that_cannot_be_pushed_is_none(set_up: Site) -> None:
    project = Project(set_up.folder / "parts")
    hub = set_up.hub
    shutil.move(hub, f"{hub}.away")
    with pytest.raises(ProjectError, match="git could not reach"):
        release.release(project, NOBODY, "dev")
    assert git(project.root, "tag") == ""
    shutil.move(f"{hub}.away", hub)
    done = release.release(project, NOBODY, "dev")
    assert (done.version, done.new, set(done.tags)) == ("v1.0.0", True, {"model@v1.0.0", "model#dev#1"})
    assert set_up.at_hub("tag").split() == ["model#dev#1", "model@v1.0.0"]
    # A commit that leaves the model as it is has that version already.
    git(project.root, "commit", "--quiet", "--allow-empty", "-m", "Docs")
    assert release.release(project, NOBODY, "dev") == release.Released("v1.0.0", ("dev",), new=False, tags=())


def test_what_is_missing_is_found(set_up: Site) -> None:
    project = Project(set_up.folder / "parts")

    def missing(environment: Mapping[str, str], base: str = "main") -> dict[str, str]:
        found = readiness.findings(project, environment, base)
        return {one.about: f"{one.text} {one.mend}" for one in found if one.state == "missing"}

    environment = job(set_up, "main")
    assert missing(environment) == {}
    assert missing(NOBODY) == {}
    assert "git fetch origin trunk" in missing(NOBODY, "trunk")["base"]
    assert "is not set" in missing({**environment, "GITHUB_TOKEN": "", "GITLAB_TOKEN": ""})["token"]
    shutil.rmtree(set_up.folder / "store")
    assert "--runner self-hosted" in missing(environment)["DVC remote's folder"]
    config = project.root / ".dvc" / "config"
    config.write_text(config.read_text().replace("url = ../../store", "url = s3://parts/x"))
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in missing(environment)["secrets"]
    assert missing({**environment, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}) == {}
    fork = {**environment, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_PROJECT_ID": "1"}
    event = set_up.folder / "event.json"
    ends = {"head": {"repo": {"full_name": "stranger/parts"}}, "base": {"repo": {"full_name": "acme/parts"}}}
    event.write_text(json.dumps({"pull_request": ends}))
    assert "a fork's job gets no secrets" in missing({**fork, "GITHUB_EVENT_PATH": str(event)})["secrets"]
    config.write_text("")
    git(project.root, "remote", "remove", "origin")
    assert set(missing(NOBODY)) == {"git remote", "DVC remote"}
