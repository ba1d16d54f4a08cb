"""What differs in one file of two runs, as git writes it."""

from __future__ import annotations

from tilecli.errors import UsageError
from tilecli.experiments.project import git
from tilecli.experiments.store import Record
from tilecli.layout import Project


def text(project: Project, first: Record, other: Record, path: str, most: int) -> str:
    """At most so many characters of it, and how many were left out. UsageError for two workspaces."""
    if not (first.rev or other.rev):
        raise UsageError("both are the workspace", hint="name a run")
    turned = ["-R"] if not first.rev else []  # git compares commits with the working tree, not the other way round
    revs = [record.rev for record in (first, other) if record.rev]
    found = git(project.root, "diff", "--no-color", "--no-ext-diff", *turned, *revs, "--", f":(literal){path}")
    if not found:
        return "git does not track this file, so what differs in it is not known"
    return found if len(found) <= most else f"{found[:most]}\n… and {len(found) - most:,} characters more"
