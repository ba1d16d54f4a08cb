"""An endpoint on loopback that answers /analyze the way a test wants it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from tilecli.data.preprocess import Uint8

Photo = tuple[str, str, bytes]  # name, content type, data
Answer = Callable[[BaseHTTPRequestHandler, Photo], None]


def png(mask: Uint8) -> bytes:
    return bytes(cv2.imencode(".png", mask)[1])


def send(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Answer with these bytes, whatever the photo."""

    def answer(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def bright(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
    """What is brighter than mid-grey is a defect."""
    grey = cv2.imdecode(np.frombuffer(photo[2], np.uint8), cv2.IMREAD_GRAYSCALE)
    send(png(np.asarray(grey > 127, np.uint8) * 255), X_Model_Version="0123456789ab")(handler, photo)


def slow(seconds: float) -> Answer:
    """The right answer, late."""

    def answer(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
        time.sleep(seconds)
        bright(handler, photo)

    return answer


def drip(seconds: float) -> Answer:
    """An answer that comes byte by byte and never ends in time."""

    def answer(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(b"x")
            time.sleep(0.02)

    return answer


def hang_up(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
    """Break the connection off in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x89PNG")
    handler.close_connection = True


class Endpoint:
    """Serves with `answer`; remembers the requests."""

    def __init__(self, answer: Answer = bright, port: int = 0) -> None:
        self.answer = answer
        self.photos: list[Photo] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                whole = message_from_bytes(
                    b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body
                )
                (part,) = whole.get_payload()
                assert part.get_param("name", header="content-disposition") == "image"
                photo = (part.get_filename(""), part.get_content_type(), part.get_payload(decode=True))
                endpoint.photos.append(photo)
                endpoint.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                endpoint.answer(self, photo)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that hang up are part of the tests

        self._http = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@contextmanager
def endpoint(answer: Answer = bright, port: int = 0) -> Iterator[Endpoint]:
    """A running endpoint for the length of the block; port 0: any that is free."""
    running = Endpoint(answer, port)
    try:
        yield running
    finally:
        running.stop()
