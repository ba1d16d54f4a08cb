"""The results of a run as a commit of its branch, so that the next clone, the report and the registry have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilecli.delivery.jobs import remote as remotes
from tilecli.errors import ProjectError
from tilecli.experiments.project import git, prepare, push_url
from tilecli.layout import Project
from tilecli.reporting.hosting.publish import MEASURED, branch_of
from tilecli.versions import keep as versions
from tilecli.versions import workspace


@dataclass(frozen=True)
class Kept:
    """What became of it."""

    rev: str  # the commit that holds the results
    branch: str
    files: tuple[str, ...]  # that it changed; none where all was as in the last commit
    left: tuple[str, ...]  # changed files that are no results
    pushed: bool


def keep(
    project: Project,
    environment: Mapping[str, str],
    *,
    branch: str | None = None,
    push: bool = True,
    remote: str = "origin",
) -> Kept:
    """Commit what the pipeline left in the workspace and push it to the branch.

    Nothing is pushed by force. The commit's message names the commit that was measured, by which a workflow knows that
    it has nothing to do for it. Raises ProjectError on a tag, without a branch or remote, and where the branch moved.
    """
    prepare(project, commit_needed=True)
    name = branch or _branch(project, environment)
    if push:
        push_url(project.root, remote)  # before anything is made that could not be pushed
    measured = git(project.root, "rev-parse", "HEAD")
    own, left = workspace.of_the_data(project, workspace.changed_files(project))
    if own:
        versions.make_commit(project, f"Results of {name}\n\n{MEASURED}: {measured}", own)
    wanted = push and (bool(own) or is_of_results(project))
    if wanted:
        remotes.push(project, [f"HEAD:refs/heads/{name}"], environment, remote)
    return Kept(git(project.root, "rev-parse", "HEAD"), name, tuple(own), tuple(left), wanted)


def is_of_results(project: Project) -> bool:
    """Whether the last commit is one of `keep`'s."""
    return f"{MEASURED}: " in git(project.root, "log", "-1", "--format=%B")


def _branch(project: Project, environment: Mapping[str, str]) -> str:
    if environment.get("GITHUB_REF_TYPE") == "tag" or environment.get("CI_COMMIT_TAG"):
        raise ProjectError("results belong to a branch, and this job is of a tag", hint="tiles ci keep --branch NAME")
    found = branch_of(project, environment)
    if found == "HEAD":
        raise ProjectError(
            "no branch is checked out, so the results have nowhere to go",
            where=str(project.root),
            hint="tiles ci keep --branch NAME",
        )
    return found
