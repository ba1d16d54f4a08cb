"""A git server over HTTP on loopback that asks for a token: git's own http-backend behind Python's server."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Server:
    """Where it is, and the value of every Authorization header that it was shown; one that was missing is empty."""

    url: str = ""
    shown: list[list[str]] = field(default_factory=list)


@contextmanager
def serving(folder: Path, user: str, token: str) -> Iterator[Server]:
    """Serve the bare repositories in `folder` to whoever logs in."""
    found = Server()
    expected = "basic " + base64.b64encode(f"{user}:{token}".encode()).decode()
    backend = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            said = self.headers.get_all("Authorization") or []
            found.shown.append(said)
            body = self._body()
            if len(said) > 1:  # as GitHub does
                self.send_error(400, "Duplicate header")
                return
            if [one.lower() for one in said] != [expected.lower()]:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            variables = {
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": user,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "PATH": "/usr/bin:/bin",
            }
            done = subprocess.run(
                [f"{backend}/git-http-backend"], input=body, env=variables, capture_output=True, check=True
            )
            head, _, rest = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(rest)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        do_GET = do_POST = _do  # noqa: N815 - the server's own names

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield found
        server.shutdown()
