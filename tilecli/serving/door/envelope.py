"""What every answer has around it: a request's id, security headers, the key check, figures, and problem documents."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tilecli.serving import problems
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.problems import MEDIA_TYPE, Problem
from tilecli.serving.telemetry import Telemetry

log = logging.getLogger("tiles.serve")

# Open to everybody: probes, the page, which asks for the key itself, and what every copy of tiles says of its API.
OPEN = ("/livez", "/readyz", "/", "/docs", "/favicon.ico")
_STATIC = "/static/"
_FREE = ("/livez", "/readyz", "/metrics")  # not counted against a client's rate
HEADER_BYTES = 32_768  # of a request's headers; the parser of HTTP lets more pass where it comes all at once
_OPEN_AT_ONCE = 1000  # requests, also those whose bodies are still arriving
_GONE = 499  # for the figures alone, as nginx counts them: the client left before it was answered
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Envelope:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, keys: Keys, rate: Rate, telemetry: Telemetry, *, logged: bool) -> None:
        """logged: one line in the log for each request."""
        self._app, self._keys, self._rate, self._telemetry, self._logged = app, keys, rate, telemetry, logged
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        scope.setdefault("state", {})["request_id"] = name = given if _ID.fullmatch(given) else uuid.uuid4().hex
        code = 500
        started = False

        async def dressed(message: Message) -> None:
            nonlocal code, started
            if message["type"] == "http.response.start":
                code, started = message["status"], True
                found = MutableHeaders(scope=message)
                found["X-Request-ID"] = name
                for header, value in _HEADERS.items():
                    found.setdefault(header, value)
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        self._open += 1
        self._telemetry.in_flight.inc()
        try:
            try:
                self._admit(scope, headers)
                await self._app(scope, receive, dressed)
            except Problem as problem:
                await _answer(problem, dressed)
            except ClientDisconnect:
                code = _GONE
                log.debug("request %s: the client left before all of it had come", name)
            except asyncio.CancelledError:  # by uvicorn alone, once the server has waited for as long as it may
                if started:
                    raise
                await _answer(
                    Problem(problems.STOPPING, "its time to answer was over", headers={"Retry-After": "1"}), dressed
                )
            except Exception:
                log.exception("request %s: %s %s failed", name, scope["method"], scope["path"])
                if started:
                    raise  # half an answer is out: the connection is all that can still be closed
                await _answer(Problem(problems.INTERNAL, f"it is in the server's log under {name}"), dressed)
        finally:
            self._open -= 1
            self._telemetry.in_flight.dec()
            route = _route(scope)
            self._telemetry.requests.labels(route, code).inc()
            seconds = time.perf_counter() - begun
            self._telemetry.seconds.labels(route).observe(seconds)
            if self._logged:
                log.info("%s %s %d %.1f ms %s", scope["method"], route, code, seconds * 1e3, name)

    def _admit(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        size = sum(len(header) + len(value) for header, value in headers.raw)
        if size > HEADER_BYTES:
            raise Problem(problems.LONG_HEADERS, f"the headers have {size:,} bytes; up to {HEADER_BYTES:,} are taken")
        if self._open > _OPEN_AT_ONCE:
            raise Problem(problems.BUSY, f"{self._open} requests are open already", headers={"Retry-After": "1"})
        if path.startswith(_STATIC):
            return  # one look at the page asks for all its files
        client = "" if path in OPEN else self._keys.check(headers)
        if path not in _FREE:
            # A key is one client wherever it is used; a header that nobody checks would be as many as one likes.
            self._rate.check(client or (scope.get("client") or ("?",))[0])


async def _answer(problem: Problem, send: Send) -> None:
    body = problem.body()
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
    raw = [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.kind.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    """The route's template: paths that clients make up must not become names of figures."""
    route: Any = scope.get("route")
    if route is not None and getattr(route, "path", None):
        return str(route.path)
    return "/static" if str(scope["path"]).startswith(_STATIC) else "other"
