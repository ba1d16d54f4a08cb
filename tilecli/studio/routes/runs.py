"""What changes while a run runs: how far it is, what the machine does, the pictures of its validations."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.studio.runs import following, machine
from tilecli.studio.runs.finding import find
from tilecli.studio.studio import OfStudio

router = APIRouter()


@router.get("/api/runs/{run:path}/live")
def live(studio: OfStudio, run: str) -> dict[str, Any]:
    """See `following.live`."""
    return following.live(studio.project, find(studio.project, run))


@router.get("/api/runs/{run:path}/usage")
def usage(studio: OfStudio, run: str) -> dict[str, Any]:
    """See `machine.usage`."""
    return machine.usage(studio.runs.find(run).pid)


@router.get("/api/runs/{run:path}/epochs/{file}")
def epoch(studio: OfStudio, run: str, file: str, request: Request) -> Response:
    """One of the pictures of a validation, by the name that the run's index has for it."""
    path = following.picture(studio.project, studio.runs.find(run), file)
    if path is None:
        raise Problem(problems.NOT_FOUND, f"the run '{run}' has no picture '{file}' here")
    stamp = path.stat()
    tag = f'"{stamp.st_mtime_ns:x}-{stamp.st_size:x}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    media = "image/jpeg" if file.endswith(".jpg") else "application/json"
    return Response(path.read_bytes(), media_type=media, headers=headers)
