"""Keeping a version: the data and what was made of them as a commit, a name for it as a tag."""

from __future__ import annotations

from dataclasses import dataclass

from tilecli.errors import ProjectError
from tilecli.experiments.project import ensure_identity, git, prepare
from tilecli.layout import Project
from tilecli.versions import diff, rebuild, version, workspace


@dataclass(frozen=True)
class Committed:
    """A commit that was made: what it changed in the data, its files, and the changed files that it left alone."""

    rev: str
    counts: dict[str, int]
    photos: int
    files: list[str]
    left: list[str]


def commit(project: Project, message: str) -> Committed:
    """Commit the data, their settings and what the pipeline made of them; other changes stay as they are.

    Raises ProjectError where the dataset is not what params.yaml says, where its files were changed in place, and where
    nothing has changed.
    """
    prepare(project)
    if not message.strip():
        raise ProjectError("a version needs a message", where="-m", hint='tiles data commit -m "what changed and why"')
    if project.index.is_file() and rebuild.settings_changed(project):
        raise ProjectError(
            "data/dataset was made with other settings than params.yaml has now", where="data", hint="tiles fetch"
        )
    workspace.refuse_edited(project)
    own, left = workspace.of_the_data(project, workspace.changed_files(project))
    if not own:
        raise ProjectError("the data and what was made of them are as in the last commit", hint="tiles data status")
    after = version.read_locked(project)
    before = version.read_commit(project, "HEAD") if _has_head(project) else version.Version("")
    changes = diff.compare(before, after)
    make_commit(project, message, own)
    return Committed(git(project.root, "rev-parse", "HEAD"), changes.counts(), len(after.photos), own, left)


def make_commit(project: Project, message: str, paths: list[str]) -> None:
    """Commit the present state of `paths` (inside the project) and nothing else that may be staged."""
    ensure_identity(project.root)
    literal = [f":(literal){path}" for path in paths]
    indexed = set(git(project.root, "ls-files", "-z", "--", *literal).split("\0"))
    # What is staged as removed already, `git add` does not know any more; the commit does.
    known = [f":(literal){path}" for path in paths if path in indexed or (project.root / path).exists()]
    if known:
        git(project.root, "add", "--all", "--force", "--", *known)
    git(project.root, "commit", "--quiet", "--no-verify", "--message", message, "--only", "--", *literal)


def tag(project: Project, name: str, message: str | None = None) -> str:
    """Name the version of the last commit; returns its SHA.

    Raises ProjectError for a name that git does not take or that is taken, and where the data have changed since.
    """
    prepare(project, commit_needed=True)
    if name.startswith("-") or not _takes(project, name):
        raise ProjectError(f"'{name}' cannot be a tag", hint="letters, digits, - and _, such as base-dataset")
    there = git(project.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}^{{commit}}", check=False)
    if there:
        raise ProjectError(f"there is a tag '{name}' already", where=there[:7], hint="give another name")
    dirty, _ = workspace.of_the_data(project, workspace.changed_files(project))
    if dirty:
        raise ProjectError(
            "the data or what was made of them have changed since the last commit, which a tag would name",
            where=workspace.shown(dirty),
            hint='tiles data commit -m "…"',
        )
    git(project.root, "tag", "--annotate", "--message", message or name, name)
    return git(project.root, "rev-parse", "HEAD")


def _takes(project: Project, name: str) -> bool:
    """Whether git takes the name; `check-ref-format` says so by its exit code alone."""
    return bool(git(project.root, "check-ref-format", "--normalize", f"refs/tags/{name}", check=False))


def _has_head(project: Project) -> bool:
    return bool(git(project.root, "rev-parse", "--verify", "--quiet", "HEAD", check=False))
