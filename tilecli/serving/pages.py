"""What people see: the page and its files, and the explained API. All of it comes from this package."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)
_PAGE = Path(__file__).parent / "page"


@router.get("/")
async def page() -> FileResponse:
    """The page for a line engineer."""
    return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


def assets() -> StaticFiles:
    """The page's script, styles and icons."""
    return StaticFiles(directory=_PAGE, check_dir=False)
