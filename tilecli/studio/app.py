"""The studio's server: its pages, what they show, what they may change."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tilecli import __version__
from tilecli.errors import TilesError
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.door.envelope import Envelope
from tilecli.serving.door.local import Door
from tilecli.serving.door.refusals import answer_errors, answer_refusals
from tilecli.serving.telemetry import Telemetry
from tilecli.studio import reading
from tilecli.studio.routes import data, difference, events, models, pages, photos, queue, remarks, runs
from tilecli.studio.sharing import Shared
from tilecli.studio.studio import Studio


def make_app(studio: Studio, hosts: Collection[str]) -> FastAPI:
    """The ASGI application. hosts: names and ports that it is reached by; by any where it is shared by a key."""
    app = FastAPI(
        title="tiles studio",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_beginning,
    )
    app.state.studio, app.state.closing = studio, False
    answer_refusals(app)
    answer_errors(app)
    for module in (data, difference, events, models, photos, queue, remarks, runs, pages):
        app.include_router(module.router)
    if studio.key:
        app.add_middleware(Shared, key=studio.key)
    known = None if studio.key else hosts
    app.add_middleware(Door, token=studio.token, hosts=known, verb="tiles studio", read_only=studio.read_only)
    app.add_middleware(Envelope, keys=Keys(()), rate=Rate(None), telemetry=Telemetry(), logged=False)
    return app


@asynccontextmanager
async def _beginning(app: FastAPI) -> AsyncIterator[None]:
    """Begin to read what was tried before anybody asks: the browser that is opened takes as long to come."""

    def read() -> None:
        with contextlib.suppress(TilesError):  # whoever asks is told
            reading.look(app.state.studio.project)

    threading.Thread(target=read, daemon=True).start()
    yield
