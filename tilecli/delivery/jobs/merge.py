"""What the gate said of the commit that is checked out, and merging its request where it passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli.delivery.jobs import remote as remotes
from tilecli.errors import GateError, ProjectError, PublishError
from tilecli.experiments.naming import resolve
from tilecli.layout import Project
from tilecli.reporting import decision
from tilecli.reporting.hosting.github import GitHub
from tilecli.reporting.hosting.host import Host, Method, Request
from tilecli.reporting.hosting.publish import branch_of


@dataclass(frozen=True)
class Merged:
    """A request that was merged."""

    request: int
    url: str
    rev: str  # that was measured, and merged
    base: str


def verdict(project: Project, folder: Path | None = None) -> dict[str, Any]:
    """What gate.json says of HEAD; GateError where it stops it, ProjectError where nothing was decided on it."""
    run = resolve(project, "HEAD")
    found = decision.read(folder or project.report, run)
    if found is None:
        raise ProjectError(
            f"the gate has not decided on {run.rev[:7]}",
            where=str((folder or project.report) / decision.FILE),
            hint="tiles report gate HEAD --against origin/main",
        )
    if not found.get("passed"):
        failed = [str(check["words"]) for check in found.get("checks", ()) if not check.get("passed")]
        raise GateError(
            f"the gate stops this run: {'; '.join(failed)}", where=run.rev[:7], hint="the report says where it is worse"
        )
    return found


def merge(
    project: Project,
    host: Host,
    environment: Mapping[str, str],
    *,
    base: str,
    method: Method = "merge",
    request: int | None = None,
    folder: Path | None = None,
    start: str | None = None,
    remote: str = "origin",
) -> Merged:
    """Merge the request of this branch into `base`: only the commit that was measured, and only behind the gate.

    start: file of a workflow to start on `base` afterwards, as what a job's own token merges starts none. Raises
    GateError where the gate stops it, PublishError where a fork, a draft, a newer push or a rule stands against it.
    """
    decided = verdict(project, folder)
    rev = str(decided["run"]["rev"])
    if start and not isinstance(host, GitHub):
        raise PublishError("only GitHub needs its workflows started", where="--start", hint="leave it out")
    with host.api:
        branch = branch_of(project, environment)
        number = request if request is not None else host.request_of(branch)
        if number is None:
            raise PublishError(
                f"there is no open pull request of the branch '{branch}'",
                hint=f"tiles report publish --open-request --base {base}",
            )
        found = host.request(number)
        _check(found, rev, base)
        compared = (decided.get("base") or {}).get("rev")
        now = remotes.tip(project, base, environment, remote)
        if compared and now and compared != now:
            raise PublishError(
                f"'{base}' has moved on since the gate compared with it",
                where=f"{compared[:7]} → {now[:7]}",
                hint=f"bring {base} into the branch and push: the run of that push decides",
            )
        host.merge(number, rev, method)
        if start and isinstance(host, GitHub):
            host.start(start, base)
    return Merged(number, found.url, rev, base)


def _check(found: Request, rev: str, base: str) -> None:
    where = f"request {found.number}"
    if found.foreign:
        raise PublishError(
            "a request of a fork is merged by a person", where=where, hint="look at it and merge it there"
        )
    if not found.opened:
        raise PublishError("the request is merged or closed already", where=where, hint="nothing is left to do")
    if found.draft:
        raise PublishError("the request is a draft", where=where, hint="mark it as ready")
    if found.base != base:
        raise PublishError(
            f"the request goes to '{found.base}', not to '{base}'", where=where, hint=f"--base {found.base}"
        )
    if found.sha != rev:
        raise PublishError(
            f"the branch is at {found.sha[:7]} now, and {rev[:7]} was measured",
            where=where,
            hint="the run of the newer push decides",
        )
