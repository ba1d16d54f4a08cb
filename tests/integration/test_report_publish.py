"""`tiles report publish` against stand-ins of GitHub and GitLab, with a real bare repository for the pictures."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Tiles
from tests.experiment_repo import Repository, perfect, run_files
from tests.integration import hosts
from tests.integration.hosts import GITHUB, GITLAB, KEY, StandIn, standing_in
from tilecli.reporting import collect, render
from tilecli.reporting.hosting.pictures import BRANCH

Publish = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=[GITHUB, GITLAB])
def host(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    with standing_in(request.param) as made:
        made.comments[7] = [{"id": number, "body": f"remark {number}"} for number in range(150)]
        made.requests["main"] = 7
        yield made


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """An experiment and its report."""
    made = Repository(tmp_path_factory.mktemp("once") / "factory")
    made.experiment("good", run_files(perfect(), {"train.learning_rate": 0.01}, (0.2, 0.5)))
    render.write(collect.collect(made.project, "good", None), made.project.report)
    return made


@pytest.fixture
def repo(tmp_path: Path, reported: Repository) -> Repository:
    made = reported.copy(tmp_path / "factory")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "hub.git"], check=True)
    made.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    return made


@pytest.fixture
def publish(tiles: Tiles, repo: Repository, host: StandIn) -> Publish:
    names = {
        GITHUB: {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": host.url,
            "GITHUB_TOKEN": KEY,
            "GITHUB_REPOSITORY": "acme/parts",
            "GITHUB_SERVER_URL": "https://hub.test",
        },
        GITLAB: {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": host.url,
            "GITLAB_TOKEN": KEY,
            "CI_PROJECT_PATH": "acme/parts",
            "CI_SERVER_URL": "https://hub.test",
        },
    }[host.kind]

    def run(*arguments: str, code: int = 0, **changed: str) -> subprocess.CompletedProcess[str]:
        return tiles("report", "publish", *arguments, cwd=repo.project.root, code=code, **{**names, **changed})

    return run


def at_hub(repo: Repository, tmp_path: Path, *arguments: str) -> str:
    return repo.git("--git-dir", str(tmp_path / "hub.git"), *arguments)


def test_one_comment_that_the_next_report_replaces(
    publish: Publish, host: StandIn, repo: Repository, tiles: Tiles, tmp_path: Path
) -> None:
    first = json.loads(publish("--json").stdout)
    assert (first["request"], first["updated"], first["shortened"]) == (7, False, False)
    (text,) = host.texts(7)[150:]
    assert text.startswith("<!-- tiles report: report -->\n## vision: good")
    urls = re.findall(r"\]\((https://hub\.test/[^)]+)\)", text)
    assert len(urls) == 3
    assert "report_files/" not in text
    # Each address names a commit of the branch, and a file that is there.
    for url in urls:
        commit, path = re.search(r"/(?:blob|raw)/([0-9a-f]{40})/([^?]+)", url).groups()
        assert at_hub(repo, tmp_path, "cat-file", "-t", f"{commit}:{path}") == "blob"
        assert at_hub(repo, tmp_path, "branch", "--contains", commit).split() == [BRANCH]
    assert repo.git("status", "--porcelain", "--untracked-files=no") == ""

    tiles("report", "good", "--against", "main", cwd=repo.project.root)
    second = publish()
    assert "comment updated on request 7" in second.stderr + second.stdout
    assert len(host.texts(7)) == 151
    assert "good against main" in host.texts(7)[150]
    assert at_hub(repo, tmp_path, "rev-list", "--count", BRANCH) == "2"
    assert len(at_hub(repo, tmp_path, "ls-tree", "-r", "--name-only", BRANCH).split()) == 3
    assert repo.git("rev-parse", "--is-shallow-repository") == "false"

    publish("--name", "nightly")
    assert len(host.texts(7)) == 152


def test_failures_that_pass_are_waited_for(publish: Publish, host: StandIn) -> None:
    asked = {"Retry-After": "0"}
    host.planned = [(502, asked, {}), (429, asked, {}), (403, {**asked, "X-RateLimit-Remaining": "0"}, {})]
    publish()
    assert len(host.texts(7)) == 151


@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        ([], {"GITHUB_TOKEN": "", "GITLAB_TOKEN": ""}, "there is no token"),
        ([], {"GITHUB_TOKEN": "old", "GITLAB_TOKEN": "old"}, "no longer valid"),
        (["--request", "8"], {}, "is gone"),
        (["--repository", "acme/gone"], {}, "is gone"),
        ([], {"GITHUB_HEAD_REF": "lonely", "CI_COMMIT_REF_NAME": "lonely"}, "no open pull request"),
        (["--out", "nowhere"], {}, "there is no report yet"),
    ],
)
def test_what_stops_it_is_said_and_nothing_is_half_made(
    publish: Publish, host: StandIn, arguments: list[str], variables: dict[str, str], says: str
) -> None:
    said = publish(*arguments, code=1, **variables).stderr
    assert says in said
    assert KEY not in said
    assert len(host.texts(7)) == 150


def test_a_token_of_a_fork_may_not_comment(publish: Publish, host: StandIn) -> None:
    host.planned = [(403, {}, {"message": "Resource not accessible by integration"})]
    said = publish(code=1).stderr
    assert "Resource not accessible by integration" in said
    assert "may not" in said
    assert len(host.calls) == 1


def test_pictures_that_cannot_be_pushed_leave_no_comment(publish: Publish, host: StandIn, repo: Repository) -> None:
    repo.git("remote", "set-url", "origin", f"http://me:{KEY}@127.0.0.1:9/nowhere.git")
    said = publish(code=1).stderr
    assert "could not be pushed" in said
    assert "nowhere.git" in said
    assert KEY not in said
    assert len(host.texts(7)) == 150


def test_a_text_that_is_too_long_for_the_host_is_shortened(publish: Publish, host: StandIn, repo: Repository) -> None:
    report = repo.project.report / "report.md"
    report.write_text(report.read_text() + "<details>\n" + 200_000 * "words " + "</details>\n")
    assert "too long" in publish().stderr
    assert "left out here" in host.texts(7)[150]
    assert len(host.texts(7)[150]) < 65_536


def test_the_job_knows_its_pull_request(publish: Publish, host: StandIn, tmp_path: Path) -> None:
    host.comments[9] = []
    host.requests.clear()
    if host.kind == hosts.GITHUB:
        publish(GITHUB_REF="refs/pull/9/merge")
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 9}}))
        publish(GITHUB_EVENT_PATH=str(event))
    else:
        publish(CI_MERGE_REQUEST_IID="9")
    assert len(host.texts(9)) == 1


def test_a_branch_without_a_request_gets_one(publish: Publish, host: StandIn, repo: Repository, tmp_path: Path) -> None:
    host.repository = tmp_path / "hub.git"
    repo.git("switch", "--quiet", "--create", "exp-rate")
    repo.git("commit", "--quiet", "--allow-empty", "-m", "Try a higher rate")
    repo.git("commit", "--quiet", "--allow-empty", "-m", "Results", "-m", "Tiles-Measured: 0123")
    repo.git("push", "--quiet", "origin", "exp-rate")
    job = {"GITHUB_REF_NAME": "exp-rate", "CI_COMMIT_REF_NAME": "exp-rate"}
    done = publish("--open-request", "--base", "main", "--draft", **job)
    assert "request 8 opened" in done.stderr
    asked = host.opened[8]
    assert (asked["branch"], asked["base"]) == ("exp-rate", "main")
    assert asked["title"].removeprefix("Draft: ") == "Try a higher rate"
    assert (asked["draft"] if host.kind == GITHUB else asked["title"].startswith("Draft: ")) is True
    assert len(host.texts(8)) == 1
    # The next report finds it.
    again = json.loads(publish("--open-request", "--base", "main", "--json", **job).stdout)
    assert (again["request"], again["opened"], again["updated"]) == (8, False, True)
    assert len(host.opened) == 1


@pytest.mark.parametrize(
    ("arguments", "branch", "says", "code"),
    [
        (["--open-request"], "exp-rate", "needs the branch to merge into", 2),
        (["--base", "main"], "exp-rate", "belong to --open-request", 2),
        (["--open-request", "--base", "main"], "exp-nowhere", "not there", 1),
        (["--open-request", "--base", "lonely"], "lonely", "cannot be merged into itself", 1),
    ],
)
def test_a_request_that_cannot_be_opened_leaves_no_comment(
    publish: Publish, host: StandIn, tmp_path: Path, arguments: list[str], branch: str, says: str, code: int
) -> None:
    host.repository = tmp_path / "hub.git"
    said = publish(*arguments, code=code, GITHUB_REF_NAME=branch, CI_COMMIT_REF_NAME=branch).stderr
    assert says in said
    assert not host.opened
    assert list(host.comments) == [7]
    assert len(host.texts(7)) == 150


def test_a_job_that_may_not_open_requests_is_told_where_to_allow_it(publish: Publish, host: StandIn) -> None:
    refusal = "GitHub Actions is not permitted to create or approve pull requests."
    job = {"GITHUB_REF_NAME": "exp-rate", "CI_COMMIT_REF_NAME": "exp-rate"}
    host.planned = [(200, {}, []), (403, {}, {"message": refusal})]
    said = publish("--open-request", "--base", "main", code=1, **job).stderr
    assert refusal in said
    assert ("Allow GitHub Actions to create" if host.kind == GITHUB else "role Developer") in said
