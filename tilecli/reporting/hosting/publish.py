"""A report as one comment of a pull request, which the next report of the same name replaces."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import PublishError
from tilecli.experiments.project import git
from tilecli.layout import Project
from tilecli.reporting.hosting import pictures
from tilecli.reporting.hosting.github import GitHub
from tilecli.reporting.hosting.gitlab import GitLab
from tilecli.reporting.hosting.host import Host
from tilecli.reporting.render import FOLDER, MARKDOWN

HOSTS: Mapping[str, type[GitHub] | type[GitLab]] = {"github": GitHub, "gitlab": GitLab}
MEASURED = "Tiles-Measured"  # in the message of a commit of results: the commit whose results they are
_ABOUT = "The figures of this branch, beside those that it would replace, are in the comment."
_PICTURE = re.compile(rf"\]\(({FOLDER}/[^)\s]+)\)")
_FOLDED = re.compile(r"<details.*?</details>\n*", re.DOTALL)


@dataclass(frozen=True)
class Published:
    """What became of it."""

    url: str
    request: int
    updated: bool  # whether a former comment was replaced
    shortened: bool  # whether folded parts were left out, as the host takes no longer text
    opened: bool = False  # whether the request was opened for it


@dataclass(frozen=True)
class Opening:
    """The request to open where the branch has none."""

    base: str  # branch that it is to be merged into
    title: str = ""  # empty: the subject of the last commit that a person made
    draft: bool = False


def publish(
    project: Project,
    folder: Path,
    host: Host,
    environment: Mapping[str, str],
    *,
    name: str = "report",
    request: int | None = None,
    remote: str = "origin",
    opening: Opening | None = None,
) -> Published:
    """Publish the report.md in `folder`: its pictures first, then the comment, so none is ever half made.

    environment: of the job. name: reports of another name get a comment of their own. request: the pull request; None:
    this job's, or the open one of this branch. opening: the request to open where there is none. Raises PublishError
    where there is no report, no pull request, or the host refuses.
    """
    text = _read(folder)
    with host.api:
        branch = branch_of(project, environment)
        wanted = request if request is not None else host.request_of(branch)
        if wanted is None and opening is None:
            raise PublishError(
                f"there is no open pull request of the branch '{branch}'",
                hint="open one: tiles report publish --open-request --base main; or name it: --request NUMBER",
            )
        if wanted is None and opening is not None and opening.base == branch:
            raise PublishError(
                f"'{branch}' cannot be merged into itself", where="--base", hint="publish from another branch"
            )
        marker = f"<!-- tiles report: {name} -->"
        comments = host.comments(wanted) if wanted is not None else ()
        former = next((path for path, said in comments if marker in said), None)
        text, shortened = _fitting(f"{marker}\n{text}", host.most_characters, len(project.root.name))
        text = _with_pictures(project, folder, text, host, environment, remote)
        opened = wanted is None
        if wanted is None:
            assert opening is not None  # noqa: S101 - refused above
            title = opening.title or _subject(project)
            wanted = host.open_request(branch, opening.base, title, _ABOUT, draft=opening.draft)
        if former is not None:
            return Published(host.update(former, text), wanted, updated=True, shortened=shortened)
        return Published(host.create(wanted, text), wanted, updated=False, shortened=shortened, opened=opened)


def by_cml(folder: Path) -> None:
    """Publish with CML, which uploads pictures and finds the pull request by its own rules."""
    if shutil.which("cml") is None:
        raise PublishError("cml is not on the PATH", hint="npm install --location=global @dvcorg/cml")
    _read(folder)
    command = ["cml", "comment", "update", "--publish", MARKDOWN]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PublishError(f"cml failed: {done.stderr.strip() or done.stdout.strip()}", where=" ".join(command))


def host_of(project: Project, chosen: str | None, repository: str | None, environment: Mapping[str, str]) -> Host:
    """The host of this job, by the variables that its runner sets; else by the address of the remote."""
    url = git(project.root, "remote", "get-url", "origin", check=False)
    if chosen is None:
        if environment.get("GITHUB_ACTIONS") or ("github" in url and not environment.get("GITLAB_CI")):
            chosen = "github"
        elif environment.get("GITLAB_CI") or "gitlab" in url:
            chosen = "gitlab"
        else:
            raise PublishError("which host is not known", where=url or "no remote", hint="--to github or --to gitlab")
    kind = HOSTS[chosen]
    return kind(environment, repository or environment.get(kind.repository_variable) or _repository_of(url))


def _repository_of(url: str) -> str | None:
    """OWNER/NAME of a remote's address; None where it is none of a host."""
    found = re.fullmatch(r"(?:\w+://(?:[^@/]+@)?[^/]+/|[^@/]+@[^:/]+:)(.+?)(?:\.git)?/?", url)
    return found[1] if found else None


def _read(folder: Path) -> str:
    try:
        return (folder / MARKDOWN).read_text(encoding="utf-8")
    except OSError as error:
        raise PublishError("there is no report yet", where=str(folder / MARKDOWN), hint="tiles report") from error


def branch_of(project: Project, environment: Mapping[str, str]) -> str:
    """The branch that this job, or this working tree, is on; HEAD where it is on none."""
    # Runners check out a commit, not a branch, and say the branch's name.
    for name in ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"):
        if environment.get(name):
            return environment[name]
    return git(project.root, "rev-parse", "--abbrev-ref", "HEAD")


def _subject(project: Project) -> str:
    """What the last commit says of itself; one that only holds results speaks for the one that it measured."""
    return git(project.root, "log", "-1", "--format=%s", "--invert-grep", f"--grep={MEASURED}:")


def _fitting(text: str, most: int, slack: int) -> tuple[str, bool]:
    """The text, without its folded parts where it would be too long; a URL of a picture takes some 150 characters."""
    length = len(text) + len(_PICTURE.findall(text)) * (150 + slack)
    if length <= most:
        return text, False
    short = (
        _FOLDED.sub("", text)
        + "\nThe folded parts are left out here, as the text was too long; they are in report.html.\n"
    )
    return short[:most], True


def _with_pictures(
    project: Project, folder: Path, text: str, host: Host, environment: Mapping[str, str], remote: str
) -> str:
    wanted = [folder / path for path in dict.fromkeys(_PICTURE.findall(text))]
    missing = next((path for path in wanted if not path.is_file()), None)
    if missing is not None:
        raise PublishError("a picture of the report is missing", where=str(missing), hint="tiles report")
    if not wanted:
        return text
    inside = git(project.root, "rev-parse", "HEAD")[:12]
    commit = pictures.push(project.root, wanted, inside, environment, remote)
    return _PICTURE.sub(lambda found: f"]({host.picture_url(commit, f'{inside}/{Path(found[1]).name}')})", text)
