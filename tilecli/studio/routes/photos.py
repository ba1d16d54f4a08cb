"""Photos of a run: bare, with their truth, and with what the run's model says of them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tilecli.errors import TilesError
from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.studio.photos import drawing
from tilecli.studio.photos.dataset import of_run
from tilecli.studio.studio import OfStudio

router = APIRouter()


# The run's name may be a branch's, with slashes in it.
@router.get("/api/runs/{run:path}/photos/{photo}/{kind}")
def picture(studio: OfStudio, run: str, photo: str, kind: str, request: Request) -> Response:
    """One photo as a picture of one of `drawing.KINDS`; 304 where the browser has it. Problem (404) says why not."""
    if kind not in drawing.KINDS:
        raise Problem(problems.NOT_FOUND, f"there is no '{kind}' of a photo", f"one of {', '.join(drawing.KINDS)}")
    answers = studio.answers
    try:
        found = studio.runs.find(run)
        dataset = of_run(studio.project, found)
        bundle = answers.bundle_of(found) if kind in drawing.PREDICTED else ""
        tag = f'"{drawing.named(kind, dataset, photo, bundle)}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if photo in dataset.contents and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        data, media = drawing.draw(dataset, photo, kind, found, answers)
    except TilesError as error:
        detail = f"{error.message} ({error.where})" if error.where else error.message
        raise Problem(problems.NOT_FOUND, detail, error.hint or "") from error
    return Response(data, media_type=media, headers=headers)
