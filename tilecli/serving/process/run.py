"""One server process: loads the bundle, listens, answers until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from tilecli.errors import TilesError, UsageError
from tilecli.serving.app import make_app
from tilecli.serving.process.protocol import Protocol
from tilecli.serving.service import Service, make_service
from tilecli.serving.settings import ServeSettings

_BACKLOG = 512  # connections that the system holds until they are taken
_HEADER_BYTES = 32_768  # of a request's headers, until they are whole; see also `envelope.HEADER_BYTES`
_KEEP_ALIVE_S = 30
log = logging.getLogger("tiles.serve")

Ready = Callable[[Service, str], None]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes any free one. UsageError where that is not possible."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise UsageError(f"'{host}' is no address of this machine: {error.strerror}", where="--host") from error
    # With the protocol named: asyncio turns Nagle's delay off for such sockets alone. It costs small answers 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        what = f"{host}:{port} cannot be listened on: {error.strerror or error}"
        raise TilesError(what, where="--port", hint=f"--port {port + 1}, or --port 0 for any free one") from error
    made.setblocking(False)
    return made


def url_of(made: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = made.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: ServeSettings, made: socket.socket, ready: Ready) -> None:
    """Answer on `made` until SIGINT or SIGTERM, then finish what was accepted; `ready` is called once all is set up.

    SIGHUP looks for a newer bundle. Raises ModelError where the bundle cannot be served.
    """
    service = make_service(settings)
    config = uvicorn.Config(
        make_app(service),
        http=Protocol,  # on h11, which bounds the headers, as httptools does not
        h11_max_incomplete_event_size=_HEADER_BYTES,
        loop="asyncio",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.drain_s),
    )
    server = _Server(config, service, lambda: ready(service, url_of(made)))
    asyncio.run(server.serve(sockets=[made]))


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it is ready and knows SIGHUP."""

    def __init__(self, config: uvicorn.Config, service: Service, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._service, self._ready = service, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, finish what was accepted."""
        log.info("stopping: accepted requests are answered first, for up to %g s", self._service.settings.drain_s)
        self._service.draining = True
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn sends itself the signal again once it has stopped, which would end the process with it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._reload)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _reload(self, *_: object) -> None:
        threading.Thread(target=self._service.live.reload, kwargs={"again": True}, name="reload", daemon=True).start()
