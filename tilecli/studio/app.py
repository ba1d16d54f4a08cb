"""The studio's server: its pages, what they show, what they may change."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import FastAPI, Request
from fastapi.responses import Response

from tilecli import __version__
from tilecli.errors import TilesError
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.door.envelope import Envelope
from tilecli.serving.door.local import Door
from tilecli.serving.door.refusals import answer_refusals, response
from tilecli.serving.problems import Kind, Problem
from tilecli.serving.telemetry import Telemetry
from tilecli.studio.routes import data, events, models, pages, queue
from tilecli.studio.studio import Studio

REFUSED = Kind("refused", 422, "This cannot be done")


def make_app(studio: Studio, hosts: Collection[str]) -> FastAPI:
    """The ASGI application. hosts: names and ports that it is reached by."""
    app = FastAPI(title="tiles studio", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.studio, app.state.closing = studio, False
    answer_refusals(app)
    app.add_exception_handler(TilesError, _refused)
    for module in (data, events, models, pages, queue):
        app.include_router(module.router)
    app.add_middleware(Door, token=studio.token, hosts=hosts, verb="tiles studio", read_only=studio.read_only)
    app.add_middleware(Envelope, keys=Keys(()), rate=Rate(None), telemetry=Telemetry(), logged=False)
    return app


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, TilesError)  # noqa: S101 - registered for it
    detail = f"{error.message} ({error.where})" if error.where else error.message
    return response(Problem(REFUSED, detail, error.hint or ""))
