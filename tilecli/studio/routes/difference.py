"""What differs in one file of two runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tilecli.errors import UsageError
from tilecli.experiments.naming import resolve
from tilecli.experiments.project import git
from tilecli.studio.studio import OfStudio

router = APIRouter()
_MOST = 200_000  # characters that are sent


@router.get("/api/difference")
def difference(
    studio: OfStudio, first: Annotated[str, Query()], other: Annotated[str, Query()], path: Annotated[str, Query()]
) -> dict[str, str]:
    """`text`: the file's difference as git writes it. ProjectError for unknown runs, UsageError for two workspaces."""
    root = studio.project.root
    one, two = resolve(studio.project, first), resolve(studio.project, other)
    if not (one.rev or two.rev):
        raise UsageError("both are the workspace", hint="name a run")
    turned = ["-R"] if not one.rev else []  # git compares commits with the working tree, not the other way round
    revs = [record.rev for record in (one, two) if record.rev]
    text = git(root, "diff", "--no-color", "--no-ext-diff", *turned, *revs, "--", f":(literal){path}")
    if not text:
        return {"text": "git does not track this file, so what differs in it is not known"}
    return {"text": text if len(text) <= _MOST else f"{text[:_MOST]}\n… and {len(text) - _MOST:,} characters more"}
