"""An HTTP client that sends whatever bytes it is given: libraries refuse to send what servers must be able to stand."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    seconds: float


class RawClient:
    """One connection, opened anew where the server closed it or where what was sent leaves it in an unknown state."""

    def __init__(self, url: str, timeout_s: float = 30) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._place = (parts.hostname, parts.port or 80)
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self.opened = 0  # connections so far

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def leave(self, request: bytes) -> None:
        """Send and go away without listening."""
        self.close()
        self._connected().sendall(request)
        self.close()

    def exchange(self, request: bytes, *, keep: bool = True) -> Answer | None:
        """Send `request`; the answer, or None where the server closed the connection without one.

        A connection that was kept may have been closed meanwhile; then the request is sent again on a new one. `keep`:
        whether the connection can be used afterwards.
        """
        used = self._socket is not None
        answer = self._exchange(request, keep=keep)
        return self._exchange(request, keep=keep) if answer is None and used else answer

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._place, self._timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setblocking(False)
            self.opened += 1
        return self._socket

    def _exchange(self, request: bytes, *, keep: bool) -> Answer | None:
        """Send and listen at the same time: a server may answer before it has heard everything."""
        made, start = self._connected(), time.monotonic()
        rest, heard = memoryview(request), bytearray()
        answer: Answer | None = None
        while answer is None:
            left = start + self._timeout_s - time.monotonic()
            readable, writable, _ = select.select([made], [made] if rest else [], [], max(0.0, left))
            if not readable and not writable:
                raise TimeoutError(f"no answer within {self._timeout_s:g} s to {bytes(request[:200])!r}")
            if writable:
                try:
                    rest = rest[made.send(rest) :]
                except (BrokenPipeError, ConnectionResetError):
                    rest = memoryview(b"")  # it may have answered before it closed
            if readable:
                try:
                    data = made.recv(1 << 20)
                except ConnectionResetError:
                    data = b""
                heard += data
                answer = _parse(bytes(heard), time.monotonic() - start, ended=not data)
                if not data:
                    self.close()
                    return answer
        if rest or not keep or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer


def _parse(heard: bytes, seconds: float, *, ended: bool) -> Answer | None:
    """The answer, once it is whole."""
    head, gap, body = heard.partition(b"\r\n\r\n")
    if not gap:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        if not body.endswith(b"0\r\n\r\n"):
            return None
        joined = b""
        while (cut := body.index(b"\r\n")) and (size := int(body[:cut], 16)):
            joined, body = joined + body[cut + 2 : cut + 2 + size], body[cut + 4 + size :]
        body = joined
    elif not ended and ("content-length" not in headers or len(body) < int(headers["content-length"])):
        return None
    return Answer(int(first.split(" ", 2)[1]), headers, body, seconds)
