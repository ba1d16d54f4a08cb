"""What a job, or the one who sets it up, lacks: the git remote, the base, the token, the DVC remote and its secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tilecli.delivery.workflows import secrets
from tilecli.errors import TilesError
from tilecli.experiments.diagnosis import Finding
from tilecli.experiments.project import git
from tilecli.experiments.remotes import address, settings
from tilecli.layout import Project

_OF_A_FORK = "push the branch to the repository itself, or let one of its own people do so"


def findings(project: Project, environment: Mapping[str, str], base: str | None) -> list[Finding]:
    """Everything there is to say; `missing` stops a job. base: the branch that runs are compared with."""
    return [*_origin(project, base), *_token(environment), *_storage(project, environment)]


def is_job(environment: Mapping[str, str]) -> bool:
    """Whether this is a runner of GitHub or GitLab."""
    return bool(environment.get("GITHUB_ACTIONS") or environment.get("GITLAB_CI"))


def of_a_fork(environment: Mapping[str, str]) -> bool:
    """Whether the job is about a fork's request, or runs in a fork: hosts give it no secrets."""
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    if source:
        return source != environment.get("CI_PROJECT_ID")
    event = _event(environment)
    request = event.get("pull_request")
    if isinstance(request, dict):
        head = ((request.get("head") or {}).get("repo") or {}).get("full_name")
        return bool(head != ((request.get("base") or {}).get("repo") or {}).get("full_name"))
    return bool((event.get("repository") or {}).get("fork"))


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _origin(project: Project, base: str | None) -> Iterator[Finding]:
    url = git(project.root, "remote", "get-url", "origin", check=False)
    if not url:
        yield Finding("git remote", "missing", "there is no 'origin'", "git remote add origin URL")
        return
    yield Finding("git remote", "ok", address.masked(url))
    if base is None:
        return
    if git(project.root, "rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{base}^{{commit}}", check=False):
        yield Finding("base", "ok", f"origin/{base}")
    else:
        yield Finding("base", "missing", f"origin/{base} is not here", f"git fetch origin {base}; or --base BRANCH")


def _token(environment: Mapping[str, str]) -> Iterator[Finding]:
    if not is_job(environment):
        return
    name = "GITHUB_TOKEN" if environment.get("GITHUB_ACTIONS") else "GITLAB_TOKEN"
    if environment.get(name):
        yield Finding("token", "ok", f"{name} is set")
        return
    fork = of_a_fork(environment)
    text = "a fork's job gets no token that may write" if fork else f"{name} is not set"
    mend = (
        _OF_A_FORK
        if fork
        else "env: {GITHUB_TOKEN: ${{ github.token }}}"
        if name == "GITHUB_TOKEN"
        else "Settings, CI/CD, Variables: GITLAB_TOKEN, a project access token, masked and not protected"
    )
    yield Finding("token", "missing", text, mend)


def _storage(project: Project, environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        remote = settings.find(project, None)
        address.require_package(remote.kind)
    except TilesError as error:
        yield Finding("DVC remote", "missing", error.message, error.hint or "")
        return
    yield Finding("DVC remote", "ok", f"{remote.name}: {address.masked(remote.url)}")
    if not is_job(environment):
        return
    if remote.kind == address.FOLDER and not Path(remote.url).is_dir():
        yield Finding(
            "DVC remote's folder",
            "missing",
            f"{remote.url} is not on this runner",
            "a runner of your own that has it (--runner self-hosted), or tiles data remote add storage s3://…",
        )
    absent = [one.name for one in secrets.of_storage(remote) if one.needed and not environment.get(one.name)]
    if absent and of_a_fork(environment):
        yield Finding(
            "secrets",
            "missing",
            f"a fork's job gets no secrets, so {', '.join(absent)} cannot be there",
            _OF_A_FORK,
        )
    elif absent:
        yield Finding("secrets", "missing", f"{', '.join(absent)} not set", "the README's section CI says how")
