"""Every page, what it shows as JSON, and their scripts and styles."""

from __future__ import annotations

import json
import secrets
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from tilecli.serving import problems
from tilecli.serving.problems import Problem
from tilecli.studio import shell
from tilecli.studio.pages import FIRST, PAGES, Page
from tilecli.studio.studio import OfStudio, Studio
from tilecli.ui import MEDIA_TYPES

router = APIRouter()
_FRESH = {"Cache-Control": "no-cache"}


@router.get("/")
def first() -> RedirectResponse:
    """The page that opens first."""
    return RedirectResponse(f"{FIRST}/")


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """A script, style or icon."""
    path = shell.FILES.get(name)
    if path is None:
        raise Problem(problems.NOT_FOUND, f"the pages have no file '{name}'")
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=_FRESH)


@router.get("/api/pages/{name}")
def data(studio: OfStudio, name: str, request: Request) -> Response:
    """What a page shows, as JSON. 304 where the browser has it already."""
    body = json.dumps(_shown(studio, _page(name), request), ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, media_type="application/json")


@router.get("/{name}/")
def page(studio: OfStudio, name: str, request: Request) -> HTMLResponse:
    """The page itself."""
    wanted = _page(name)
    nonce = secrets.token_urlsafe(12)
    text = shell.html(
        wanted, _shown(studio, wanted, request), token=studio.token, read_only=studio.read_only, nonce=nonce, up="../"
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": _policy(nonce), "Cache-Control": "no-store"})


def _page(name: str) -> Page:
    page = PAGES.get(name)
    if page is None:
        raise Problem(problems.NOT_FOUND, f"there is no page '{name}'", f"there are {', '.join(PAGES)}")
    return page


def _shown(studio: Studio, page: Page, request: Request) -> dict[str, Any]:
    return page.view(studio.project, dict(request.query_params))


def _policy(nonce: str) -> str:
    return (
        f"default-src 'self'; img-src 'self' data: blob:; "
        f"script-src 'self' 'nonce-{nonce}'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
