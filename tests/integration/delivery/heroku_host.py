"""A stand-in for Heroku's Platform API and its store of archives on loopback; answers as the real ones do."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "HRKU-t0ken"  # noqa: S105 - of the stand-in
APP = "line-7"
BUILD = "01234567-89ab-cdef-0123-456789abcdef"
SIGNATURE = "signature=s3cret"
LOG = "=== Building web (Dockerfile)\nERROR: no matching distribution found for openvino==0\n"
Answer = tuple[int, dict[str, str], Any]


@dataclass
class HerokuHost:
    """What it knows and was asked."""

    stack: str = "container"
    config: dict[str, str] = field(default_factory=lambda: {"TILES_API_KEYS": "there already"})
    outcome: str = "succeeded"
    looks: int = 2  # at a build until it has ended
    planned: list[Answer] = field(default_factory=list)  # given before anything else is, in turn
    calls: list[str] = field(default_factory=list)
    archive: bytes = b""
    blob: dict[str, str] = field(default_factory=dict)  # that the build was started with
    problems: list[str] = field(default_factory=list)  # what the real one would not have taken
    url: str = ""

    def names(self) -> list[str]:
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as tar:
            return tar.getnames()

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        self.calls.append(f"{method} {path.partition('?')[0]}")
        if self.planned:
            return self.planned.pop(0)
        if path == f"/store?{SIGNATURE}" and method == "PUT":
            # It was signed without a type, and whoever sees a token may use it.
            self.problems += [f"the store got {name}" for name in ("Authorization", "Content-Type") if name in headers]
            self.archive = body
            return 200, {}, {}
        if path == f"/log?{SIGNATURE}":
            return 200, {}, LOG
        if headers.get("Accept") != "application/vnd.heroku+json; version=3":
            self.problems.append(f"{path}: no version was asked for")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"id": "unauthorized", "message": "Invalid credentials provided."}
        return self._of_api(method, path, json.loads(body) if body else {})

    def _of_api(self, method: str, path: str, given: dict[str, Any]) -> Answer:
        status: int = 200
        found: dict[str, Any] = {"id": "not_found", "message": "Couldn't find that app."}
        match method, path.removeprefix(f"/apps/{APP}"):
            case "GET", "":
                stack = {"name": self.stack}
                found = {"name": APP, "build_stack": stack, "web_url": "https://line-7.test/"}
            case "PATCH", "":
                self.stack = given["build_stack"]
                found = {"name": APP}
            case "GET", "/config-vars":
                found = self.config
            case "PATCH", "/config-vars":
                self.config |= given
                found = self.config
            case "POST", "/sources":
                place = f"{self.url}/store?{SIGNATURE}"
                status, found = 201, {"source_blob": {"get_url": f"{place}&get", "put_url": place}}
            case "POST", "/builds":
                self.blob = given["source_blob"]
                if self.blob["checksum"] != f"SHA256:{hashlib.sha256(self.archive).hexdigest()}":
                    self.problems.append("the checksum is not the archive's")
                status, found = 201, self._build("pending")
            case "GET", where if where == f"/builds/{BUILD}":
                self.looks -= 1
                found = self._build("pending" if self.looks > 0 else self.outcome)
            case _:
                status = 404
        return status, {}, found

    def _build(self, status: str) -> dict[str, Any]:
        return {"id": BUILD, "status": status, "output_stream_url": f"{self.url}/log?{SIGNATURE}"}


@contextmanager
def standing_in() -> Iterator[HerokuHost]:
    """It, on a free port."""
    host = HerokuHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, value = host.answer(self.command, self.path, self.headers, body)
            data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = _do  # noqa: N815 - names of the base class

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield host
        server.shutdown()
