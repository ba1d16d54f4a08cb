"""Uvicorn's HTTP/1.1 for what it leaves open: problem documents for what is no HTTP, and a time limit for a request's
head. (A body's time limit is `uploads.receive`'s.)
"""

from __future__ import annotations

import asyncio
import contextlib

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tilecli.serving import problems
from tilecli.serving.problems import Problem


class Protocol(H11Protocol):
    """One connection. Its head's limit is the keep-alive's: both are times in which nothing was asked."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client is there; it has to ask for something."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some more of a request."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._relax()
        elif self._patience is None and not self.transport.is_closing():
            self._watch()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(Problem(problems.BAD_REQUEST, msg))

    def _watch(self) -> None:
        self._patience = self.loop.call_later(self.timeout_keep_alive, self._too_slow)

    def _relax(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            limit = f"the request's head did not arrive within {self.timeout_keep_alive:g} s"
            self._refuse(Problem(problems.SLOW_CLIENT, limit))

    def _refuse(self, problem: Problem) -> None:
        """Answer where there is no request that the application could answer, and close the connection."""
        body = problem.body()
        headers = {"Content-Type": problems.MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        # Where half an answer is out already, closing is all that is left to do.
        with contextlib.suppress(h11.LocalProtocolError):
            for event in (
                h11.Response(status_code=problem.kind.status, headers=raw, reason=problem.kind.title.encode()),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
