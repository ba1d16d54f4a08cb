"""The key of a studio that others in the network may look at: in the address that is passed on, then in a cookie."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tilecli.serving import problems
from tilecli.serving.problems import Problem

COOKIE = "tiles-studio"
_OPEN = "/static/"  # what every copy of tiles has
_WEEK_S = 7 * 24 * 3600


class Shared:
    """ASGI middleware: nobody sees anything without the key. `?key=…` is taken once, and taken out of the address."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app, self._key = app, key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or raise Problem (401)."""
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in asked if name == "key"), None)
        if given is not None:
            self._check(given)
            rest = urlencode([(name, value) for name, value in asked if name != "key"])
            answer = RedirectResponse(f"{scope['path']}?{rest}" if rest else scope["path"], 303)
            # Lax: a strict one would not be sent when the address is opened from a message.
            answer.set_cookie(COOKIE, given, max_age=_WEEK_S, httponly=True, samesite="lax")
            await answer(scope, receive, send)
            return
        self._check(cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, ""))
        await self._app(scope, receive, send)

    def _check(self, given: str) -> None:
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._key):
            raise Problem(
                problems.NO_KEY,
                "the key is not that of this studio" if given else "this studio is shared by a key",
                "open the address that tiles studio --share printed",
            )
