"""What differs in one file of two runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tilecli.experiments.naming import resolve
from tilecli.studio.difference import text
from tilecli.studio.studio import OfStudio

router = APIRouter()
_MOST = 200_000  # characters that are sent


@router.get("/api/difference")
def difference(
    studio: OfStudio, first: Annotated[str, Query()], other: Annotated[str, Query()], path: Annotated[str, Query()]
) -> dict[str, str]:
    """`text`: the file's difference as git writes it. ProjectError for unknown runs, UsageError for two workspaces."""
    one, two = resolve(studio.project, first), resolve(studio.project, other)
    return {"text": text(studio.project, one, two, path, _MOST)}
