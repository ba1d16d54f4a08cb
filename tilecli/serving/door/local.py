"""Who may talk to a page's own server: this machine's browser, and for changes only the page that it gave out."""

from __future__ import annotations

import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tilecli.serving.problems import Kind, Problem

FORBIDDEN = Kind("forbidden", 403, "This is not allowed")
TOKEN_HEADER = "X-Tiles-Token"  # noqa: S105 - a header's name
MOST_BYTES = 64 * 2**20  # of a request's body: a mask of a hundred megapixels
_READING = ("GET", "HEAD")


class Door:
    """ASGI middleware: other sites' pages must not change anything, nor read photos under a name of their own."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str], verb: str, *, read_only: bool = False) -> None:
        """token: what the page sends with each change. hosts: names and ports that this server goes by. verb: what
        started it. read_only: refuse every change, whoever asks."""
        self._app, self._token, self._hosts, self._verb = app, token, set(hosts), verb
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or raise Problem (403)."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if headers.get("host", "") not in self._hosts:  # a name that somebody else made point to this machine
                raise Problem(FORBIDDEN, "this server is asked by another name than its own", "use the address it said")
            if scope["method"] not in _READING:
                self._check_change(headers)
        await self._app(scope, receive, send)

    def _check_change(self, headers: Headers) -> None:
        if self._read_only:
            raise Problem(FORBIDDEN, "this server only shows, it changes nothing", f"{self._verb} without --read-only")
        given = headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token.encode()):
            raise Problem(FORBIDDEN, f"the page belongs to an earlier start of {self._verb}", "load the page again")
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise Problem(FORBIDDEN, f"a change of up to {MOST_BYTES:,} bytes, of a length said before, is taken")
