"""Pictures of the dataset's photos, by their names in its index."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.studio import gallery
from tilecli.studio.studio import OfStudio

router = APIRouter(prefix="/api/data")
_SIDES = {"thumbnail": 208, "picture": 960}  # px at most; smaller photos are enlarged by whole factors
_KEPT = {"Cache-Control": "private, max-age=86400"}  # the page's addresses change with the index


@router.get("/photos/{name}/{kind}")
def picture(studio: OfStudio, name: str, kind: Literal["thumbnail", "picture"]) -> Response:
    """A photo with its mask outlined, as a JPEG."""
    from tilecli.audit.pictures import marked

    photo = gallery.photos(studio.project).get(name)
    if photo is None or any(part.startswith("/") or ".." in part.split("/") for part in (photo.image, photo.mask)):
        raise Problem(problems.NOT_FOUND, f"the dataset has no photo '{name}'")
    made = marked(studio.project.dataset, photo, side=_SIDES[kind])
    return Response(made, media_type="image/jpeg", headers=_KEPT)
