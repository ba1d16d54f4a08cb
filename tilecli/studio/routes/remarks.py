"""A star or a note on an experiment or a commit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from tilecli.experiments import remarks
from tilecli.studio.studio import OfStudio

router = APIRouter()


class Wanted(BaseModel):
    """What to say; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    star: bool | None = None
    note: str | None = None


@router.put("/api/remarks/{rev}")
def put(studio: OfStudio, rev: Annotated[str, Path(pattern="^[0-9a-f]{7,64}$")], wanted: Wanted) -> dict[str, Any]:
    """Say something of the commit; answers with all that is said of it now."""
    return asdict(remarks.change(studio.project, rev, star=wanted.star, note=wanted.note))
