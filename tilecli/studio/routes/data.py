"""Pictures of the dataset's photos, by their names in its index."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.studio import gallery
from tilecli.studio.studio import OfStudio

router = APIRouter(prefix="/api/data")
_KEPT = {"Cache-Control": "private, max-age=86400"}  # the page's addresses change with the index


@router.get("/photos/{name}/{kind}")
def picture(studio: OfStudio, name: str, kind: gallery.Kind) -> Response:
    """A photo with its mask outlined, as a JPEG."""
    made = gallery.picture(studio.project, name, kind)
    if made is None:
        raise Problem(problems.NOT_FOUND, f"the dataset has no photo '{name}'")
    return Response(made, media_type="image/jpeg", headers=_KEPT)
