"""The application: routes, their envelope, and what lives as long as they do."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic.json_schema import models_json_schema

from tilecli import __version__
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.door.envelope import OPEN, Envelope
from tilecli.serving.door.refusals import answer_refusals
from tilecli.serving.routes import pages, schemas
from tilecli.serving.routes import photos as photo_routes
from tilecli.serving.routes import state as state_routes
from tilecli.serving.service import Service

log = logging.getLogger("tiles.serve")
_GAUGES_S = 5.0


def make_app(service: Service) -> FastAPI:
    """The ASGI application."""
    app = FastAPI(
        title="tiles",
        version=__version__,
        summary="Finds defects in photos of parts",
        description="Photos in, verdicts, masks and regions out. Errors are RFC 9457 problem documents.",
        lifespan=_lifespan,
        docs_url=None,  # FastAPI's page loads its script from another host
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.service = service
    app.openapi = functools.partial(_document, app)  # type: ignore[method-assign]  # as FastAPI's own docs do it
    for module in (photo_routes, state_routes, pages):
        app.include_router(module.router)
    answer_refusals(app)
    if service.settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(service.settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "X-Model-Version", "Retry-After"],
        )
    app.add_middleware(
        Envelope,
        keys=Keys(service.settings.api_keys),
        rate=Rate(service.settings.rate),
        telemetry=service.telemetry,
        logged=service.settings.log_requests,
    )
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the models of answers that are written as bytes and that FastAPI never sees."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        _, models = models_json_schema(
            [(model, "serialization") for model in schemas.ANSWERS], ref_template="#/components/schemas/{model}"
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(models["$defs"])
        if app.state.service.settings.api_keys:
            document["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
            document["security"] = [{"bearer": []}, {"header": []}]
            for path in OPEN:
                for operation in document["paths"].get(path, {}).values():
                    operation["security"] = []
        app.openapi_schema = document
    return app.openapi_schema


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    tasks = [asyncio.create_task(_measure_batching(service)), asyncio.create_task(_keep_gauges(service))]
    if service.settings.reload_s:
        tasks.append(asyncio.create_task(service.live.watch()))
    yield
    service.draining = True
    for task in tasks:
        task.cancel()
    service.admission.close()
    await asyncio.to_thread(service.watchers.close)


async def _keep_gauges(service: Service) -> None:
    """Of several workers one answers for all, from what the others last said."""
    while True:
        await asyncio.sleep(_GAUGES_S)
        service.update_gauges()


async def _measure_batching(service: Service) -> None:
    """Once the server answers: whoever asks first need not wait for it."""
    try:
        found = await asyncio.to_thread(service.live.measure_batching)
    except Exception:  # the server answers all the same, photo by photo
        log.exception("batching could not be measured")
        return
    log.info("%s", found)
    if found.size > 1:
        service.admission.grow(found.size + 1)  # a batch comes together while the one before it runs
