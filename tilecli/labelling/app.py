"""The page's server: its files, photos and masks, and what somebody made of them."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from tilecli import __version__
from tilecli.data.catalog import decode_mask, encode_mask
from tilecli.labelling import finish
from tilecli.labelling.desk import Desk
from tilecli.labelling.drafts import Action
from tilecli.layout import GOOD
from tilecli.serving import problems
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.door.envelope import Envelope
from tilecli.serving.door.local import Door
from tilecli.serving.door.refusals import answer_errors, answer_refusals
from tilecli.serving.problems import Problem
from tilecli.serving.routes.pages import PAGE as SERVED
from tilecli.serving.telemetry import Telemetry
from tilecli.ui import MEDIA_TYPES, assets

_PAGE = Path(__file__).with_name("page")
_SERVED = ("page.css", "keys.js", "painter.js", "pixels.js")
_FILES = {**assets(_PAGE), **{name: SERVED / name for name in _SERVED}}
_FRESH = {"Cache-Control": "no-cache"}


class Labelled(BaseModel):
    """What somebody made of a photo."""

    action: Action = "label"
    defect: str
    mask: str  # base64 of a PNG of the photo's size; above 0 is defect
    reason: str = ""


class Batch(BaseModel):
    """The batch that the drafts are to become."""

    name: str
    by: str
    note: str = ""


def make_app(desk: Desk, hosts: Collection[str]) -> FastAPI:
    """The ASGI application. hosts: names and ports that it is reached by."""
    app = FastAPI(title="tiles data label", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk, app.state.token = desk, secrets.token_urlsafe(24)
    answer_refusals(app)
    answer_errors(app)
    _add_page(app)
    _add_photos(app)
    _add_batch(app)
    app.add_middleware(Door, token=app.state.token, hosts=hosts, verb="tiles data label")
    app.add_middleware(Envelope, keys=Keys(()), rate=Rate(None), telemetry=Telemetry(), logged=False)
    return app


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _known(request: Request, name: str) -> str:
    """The name of a photo; Problem (404) where there is none of that name."""
    try:
        _desk(request).task(name)
    except KeyError:
        raise Problem(problems.NOT_FOUND, f"there is no photo '{name}'") from None
    return name


OfDesk = Annotated[Desk, Depends(_desk)]
Name = Annotated[str, Depends(_known)]


def _add_page(app: FastAPI) -> None:
    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_PAGE / "label.html", headers=_FRESH)

    @app.get("/static/{file}")
    def asset(file: str) -> FileResponse:
        path = _FILES.get(file)
        if path is None:
            raise Problem(problems.NOT_FOUND, f"the page has no file '{file}'")
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=_FRESH)

    @app.get("/api/queue")
    def queue(desk: OfDesk) -> dict[str, Any]:
        return {
            "token": app.state.token,  # other sites' pages may send requests here, and read no answer
            "project": desk.project.root.name,
            "good": GOOD,
            "types": desk.types(),
            "photos": [desk.facts(name) for name in desk.names],
        }


def _add_photos(app: FastAPI) -> None:
    @app.get("/api/photos/{name}")
    def facts(desk: OfDesk, name: Name) -> dict[str, Any]:
        return {**desk.facts(name), "exposures": desk.exposures(name)}

    @app.get("/api/photos/{name}/picture")
    def picture(desk: OfDesk, name: Name) -> Response:
        return Response(desk.task(name).picture(), media_type="image/png")

    @app.get("/api/photos/{name}/thumbnail")
    def thumbnail(desk: OfDesk, name: Name) -> Response:
        return Response(desk.task(name).thumbnail(), media_type="image/jpeg")

    @app.get("/api/photos/{name}/mask")
    def mask(desk: OfDesk, name: Name, label: bool = False) -> Response:
        return Response(encode_mask(desk.mask(name, label=label)), media_type="image/png")

    @app.put("/api/photos/{name}")
    def put(desk: OfDesk, name: Name, made: Labelled) -> dict[str, Any]:
        try:
            values, _ = decode_mask(base64.b64decode(made.mask, validate=True))
        except binascii.Error as error:
            raise Problem(problems.WRONG_PARAMETER, f"the mask is no base64: {error}") from error
        desk.put(name, made.action, made.defect, values, made.reason.strip()[:500])
        return desk.facts(name)

    @app.delete("/api/photos/{name}")
    def drop(desk: OfDesk, name: Name) -> dict[str, Any]:
        desk.drop(name)
        return desk.facts(name)


def _add_batch(app: FastAPI) -> None:
    @app.get("/api/batch")
    def look(desk: OfDesk) -> dict[str, Any]:
        done = finish.collect(desk)
        return {"name": finish.suggested_name(desk), "by": desk.by, "counts": done.counts, "wrong": done.wrong}

    @app.post("/api/batch")
    def save(desk: OfDesk, batch: Batch) -> dict[str, Any]:
        return finish.save(desk, batch.name.strip(), by=batch.by.strip(), note=batch.note.strip())
