"""The page's server as a process: on loopback only, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from socket import socket

import uvicorn

from tilecli.labelling.app import make_app
from tilecli.labelling.desk import Desk
from tilecli.serving.process.run import listen, url_of

HOST = "127.0.0.1"
_PATIENCE_S = 5  # for requests that are being answered when it is told to stop


def run(desk: Desk, port: int, ready: Callable[[str], None]) -> None:
    """Answer until SIGINT (KeyboardInterrupt) or SIGTERM; `ready` gets the page's address once it can be opened.

    port: 0 for any free one. Raises TilesError where it is taken.
    """
    made = listen(HOST, port)
    with made:
        taken = made.getsockname()[1]
        app = make_app(desk, [f"{name}:{taken}" for name in (HOST, "localhost")])
        config = uvicorn.Config(
            app, ws="none", lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=_PATIENCE_S
        )
        _Server(config, lambda: ready(url_of(made))).run(sockets=[made])


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()
