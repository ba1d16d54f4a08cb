"""The git remote of a job: what it has, and pushing to it with the job's token, which stays in memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from tilecli.errors import ProjectError
from tilecli.experiments.project import push_url
from tilecli.experiments.remotes.address import masked
from tilecli.layout import Project
from tilecli.reporting.hosting import login

_MOVED = ("non-fast-forward", "fetch first", "stale info", "cannot lock ref")
_REFUSED = ("403", "denied", "not allowed", "unauthorized", "authentication failed", "could not read username")
_PROTECTED = ("protected branch", "gh006", "gh013", "pre-receive hook declined")


def tip(project: Project, branch: str, environment: Mapping[str, str], remote: str = "origin") -> str:
    """The last commit of a branch at the remote; empty where it has no such branch. Raises ProjectError."""
    done = _run(project, ["ls-remote"], [f"refs/heads/{branch}"], environment, remote)
    if done.returncode:
        raise _refusal(done.stderr, f"{remote} {branch}", push_url(project.root, remote))
    return (done.stdout.split() or [""])[0]


def push(project: Project, refs: Sequence[str], environment: Mapping[str, str], remote: str = "origin") -> None:
    """Push all of these refs or none, never by force.

    environment: of the job, whose token logs git in; where there is none, git goes the way that it always goes. Raises
    ProjectError that says what stands against it.
    """
    done = _run(project, ["push", "--quiet", "--atomic"], refs, environment, remote)
    if done.returncode:
        raise _refusal(done.stderr, f"{remote} {' '.join(refs)}", push_url(project.root, remote))


def _run(
    project: Project, command: Sequence[str], refs: Sequence[str], environment: Mapping[str, str], remote: str
) -> subprocess.CompletedProcess[str]:
    url, settings = push_url(project.root, remote), login.entries(environment)
    where = login.without_login(url) if settings else remote
    return subprocess.run(
        ["git", *command, where, *refs],
        cwd=project.root,
        env={**os.environ, **login.variables(settings), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )


def _refusal(said: str, where: str, url: str) -> ProjectError:
    low = said.lower()
    lines = [
        line
        for line in said.replace(url, masked(url)).splitlines()
        if line.startswith(("fatal:", "error:", " !", "remote:"))
    ]
    words = "; ".join(line.strip().removeprefix("fatal: ") for line in lines[:3]) or "no reason given"
    if any(sign in low for sign in _MOVED):
        return ProjectError(
            "the branch has moved on at the remote since this job began",
            where=where,
            hint="the job of that newer push takes it from here; by hand: git pull --rebase",
        )
    if any(sign in low for sign in _PROTECTED):
        hint = "a rule protects it: let the token's owner pass it, or work on a branch of another name"
    elif any(sign in low for sign in _REFUSED):
        hint = (
            "the token may not push: GitHub, permissions: contents: write; GitLab, GITLAB_TOKEN with write_repository"
        )
    else:
        hint = "git remote -v shows where it goes"
    return ProjectError(f"git could not reach or change the remote: {words}", where=where, hint=hint)
