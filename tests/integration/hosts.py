"""Stand-ins for the APIs of GitHub and GitLab on loopback: they keep comments, and answer as the real ones do."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

GITHUB, GITLAB = "github", "gitlab"
KEY = "t0ken"
Answer = tuple[int, dict[str, str], Any]
_PATHS = {
    GITHUB: (
        r"/repos/acme/parts/pulls",
        r"/repos/acme/parts/issues/(\d+)/comments",
        r"/repos/acme/parts/issues/comments/(\d+)",
    ),
    GITLAB: (
        r"/projects/acme/parts/merge_requests",
        r"/projects/acme/parts/merge_requests/(\d+)/notes",
        r"/projects/acme/parts/merge_requests/\d+/notes/(\d+)",
    ),
}


@dataclass
class StandIn:
    """What the host knows, and what it was asked."""

    kind: str
    requests: dict[str, int] = field(default_factory=dict)  # branch → open pull request
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)  # of each pull request that there is
    planned: list[Answer] = field(default_factory=list)  # given before anything else is, in turn
    calls: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def texts(self, request: int) -> list[str]:
        return [comment["body"] for comment in self.comments[request]]

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:
        self.calls.append((method, target))
        if self.planned:
            return self.planned.pop(0)
        given = headers.get("Authorization") if self.kind == GITHUB else headers.get("PRIVATE-TOKEN")
        if given != (f"Bearer {KEY}" if self.kind == GITHUB else KEY):
            return 401, {}, {"message": "Bad credentials"}
        parts = urlsplit(target)
        path, query = unquote(parts.path), {key: value[0] for key, value in parse_qs(parts.query).items()}
        opened, of_request, one = _PATHS[self.kind]
        if re.fullmatch(opened, path) and method == "GET":
            branch = query["head"].partition(":")[2] if self.kind == GITHUB else query["source_branch"]
            assert query["state"] == ("open" if self.kind == GITHUB else "opened")
            number = self.requests.get(branch)
            return 200, {}, [{"number": number, "iid": number}] if number else []
        if match := re.fullmatch(of_request, path):
            return self._of_request(method, int(match[1]), query, body)
        if (match := re.fullmatch(one, path)) and method == ("PATCH" if self.kind == GITHUB else "PUT"):
            for comments in self.comments.values():
                for comment in comments:
                    if comment["id"] == int(match[1]):
                        comment["body"] = body["body"]
                        return 200, {}, comment
        return 404, {}, {"message": "Not Found"}

    def _of_request(self, method: str, number: int, query: dict[str, str], body: Any) -> Answer:
        if number not in self.comments:
            return 404, {}, {"message": "Not Found"}
        comments = self.comments[number]
        if method == "POST":
            comment = {"id": 1000 * number + len(comments), "body": body["body"], "html_url": f"{self.url}/{number}"}
            comments.append(comment)
            return 201, {}, comment
        size, page = int(query["per_page"]), int(query["page"])
        return 200, {}, comments[size * (page - 1) : size * page]


@contextmanager
def standing_in(kind: str) -> Iterator[StandIn]:
    """A host of that kind, on a free port."""
    host = StandIn(kind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, headers, value = host.answer(self.command, self.path, self.headers, body)
            data = json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def do_PATCH(self) -> None:
            self._do()

        def do_PUT(self) -> None:
            self._do()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield host
        server.shutdown()
