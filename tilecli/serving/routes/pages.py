"""What people see: the page and its files, and the explained API. All of it comes from this package."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.serving.routes import docs as docs_page
from tilecli.ui import MEDIA_TYPES, assets

router = APIRouter(include_in_schema=False)

PAGE = Path(__file__).parents[1] / "page"
_FILES = assets(PAGE)
_FRESH = {"Cache-Control": "no-cache"}


@router.get("/")
async def page() -> FileResponse:
    """The page for a line engineer."""
    return FileResponse(PAGE / "index.html", headers=_FRESH)


@router.get("/static/{name}")
async def asset(name: str) -> FileResponse:
    """A script, style or icon of the pages; Problem (404) for anything else."""
    path = _FILES.get(name)
    if path is None:
        raise Problem(problems.NOT_FOUND, f"the pages have no file '{name}'")
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=_FRESH)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The API, explained from its OpenAPI document."""
    return HTMLResponse(docs_page.page(request.app.openapi(), str(request.base_url)), headers=_FRESH)
