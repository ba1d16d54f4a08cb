"""A page's own server as a process: on loopback, unless it is shared on purpose; until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from tilecli.serving.process.run import listen, url_of

HOST = "127.0.0.1"
_PATIENCE_S = 5  # for requests that are being answered when it is told to stop


def serve_locally(
    make_app: Callable[[Sequence[str]], FastAPI], port: int, ready: Callable[[str], None], host: str = HOST
) -> None:
    """Answer until SIGINT (KeyboardInterrupt) or SIGTERM; `ready` gets the page's address once it can be opened.

    make_app: gets the names and ports that the server is reached by. port: 0 for any free one. Raises TilesError where
    it is taken, or the machine has no such address. What streams events looks at `app.state.closing`, and ends once it
    is true.
    """
    made = listen(host, port)
    with made:
        taken = made.getsockname()[1]
        app = make_app([f"{name}:{taken}" for name in (HOST, "localhost")])
        app.state.closing = False
        config = uvicorn.Config(
            app, ws="none", lifespan="on", access_log=False, log_config=None, timeout_graceful_shutdown=_PATIENCE_S
        )
        _Server(config, app, lambda: ready(url_of(made))).run(sockets=[made])


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it is ready and when it is about to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._ready = app, ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; tell those who would keep their connections open."""
        self._app.state.closing = True
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()
