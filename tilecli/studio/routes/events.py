"""What has changed, the moment it has: server-sent events, one stream for each open page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from tilecli.studio.studio import OfStudio, Studio

router = APIRouter()
_EVERY_S = 0.5  # looked for changes
_SIGN_OF_LIFE_S = 15  # so that a page notices a server that is gone


@router.get("/api/events")
async def events(studio: OfStudio, request: Request) -> StreamingResponse:
    """Event `changed` with the topics that changed, for as long as the page is open."""
    return StreamingResponse(_changes(studio, request.app), media_type="text/event-stream")


async def _changes(studio: Studio, app: FastAPI) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    before = await asyncio.to_thread(studio.watch.state)
    quiet = 0.0
    while not app.state.closing:
        await asyncio.sleep(_EVERY_S)
        now = await asyncio.to_thread(studio.watch.state)
        changed = [topic for topic in now if now[topic] != before[topic]]
        before = now
        quiet = 0.0 if changed else quiet + _EVERY_S
        if changed:
            yield f"event: changed\ndata: {json.dumps(changed)}\n\n"
        elif quiet >= _SIGN_OF_LIFE_S:
            quiet = 0.0
            yield ": here\n\n"
