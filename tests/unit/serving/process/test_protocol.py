"""What happens on a connection before there is a request that the application could answer."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tests.rawhttp import RawClient
from tilecli.serving import problems
from tilecli.serving.process.protocol import Protocol

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
def place() -> Iterator[tuple[str, int]]:
    """Host and port of a server that waits 1 s for a request."""
    config = uvicorn.Config(_hello, port=0, http=Protocol, timeout_keep_alive=1, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("sent", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"])
def test_what_is_no_http_gets_a_problem_document(place: tuple[str, int], sent: bytes) -> None:
    with RawClient(f"http://{place[0]}:{place[1]}") as client:
        answer = client.exchange(sent, keep=False)
    assert answer is not None
    assert (answer.status, answer.headers["content-type"]) == (400, problems.MEDIA_TYPE)
    assert json.loads(answer.body)["status"] == 400
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX-Slow"])
def test_a_head_that_does_not_come_is_not_waited_for(place: tuple[str, int], sent: bytes) -> None:
    start = time.monotonic()
    with RawClient(f"http://{place[0]}:{place[1]}") as client:
        answer = client.exchange(sent)
    assert answer is not None
    assert (answer.status, answer.headers["content-type"]) == (408, problems.MEDIA_TYPE)
    assert time.monotonic() - start > 0.9


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(place: tuple[str, int]) -> None:
    with socket.create_connection(place) as made:
        made.settimeout(5)
        made.sendall(GET)
        with made.makefile("rb") as heard:
            while heard.readline() != b"\r\n":
                pass
            assert heard.read(2) == b"hi"
        start = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(40):
                made.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - start > 0.9


def test_requests_on_one_connection_are_answered_for_as_long_as_they_come(place: tuple[str, int]) -> None:
    with RawClient(f"http://{place[0]}:{place[1]}") as client:
        for _ in range(6):
            answer = client.exchange(GET)
            assert answer is not None
            assert (answer.status, answer.body) == (200, b"hi")
            time.sleep(0.3)
        assert client.opened == 1
