"""Stand-ins for the APIs of GitHub and GitLab on loopback: they keep comments, and answer as the real ones do."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
        r"/repos/acme/parts/pulls/(\d+)(/merge)?",
    ),
    GITLAB: (
        r"/projects/acme/parts/merge_requests",
        r"/projects/acme/parts/merge_requests/(\d+)/notes",
        r"/projects/acme/parts/merge_requests/\d+/notes/(\d+)",
        r"/projects/acme/parts/merge_requests/(\d+)(/merge)?",
    ),
}
_NOT_FOUND: Answer = (404, {}, {"message": "Not Found"})
_WORKFLOW = r"/repos/acme/parts/actions/workflows/([\w.-]+)/dispatches"


@dataclass
class StandIn:
    """What the host knows, and what it was asked."""

    kind: str
    requests: dict[str, int] = field(default_factory=dict)  # branch → open pull request
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)  # of each pull request that there is
    planned: list[Answer] = field(default_factory=list)  # given before anything else is, in turn
    calls: list[tuple[str, str]] = field(default_factory=list)
    repository: Path | None = None  # bare, where requests are merged; without one, none can be
    opened: dict[int, dict[str, Any]] = field(default_factory=dict)  # as they were asked for
    merged: dict[int, str] = field(default_factory=dict)  # request → the commit that was merged
    foreign: set[int] = field(default_factory=set)  # requests of forks
    started: list[tuple[str, str]] = field(default_factory=list)  # workflow, branch
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
        return self._requests(method, path, query, body) or self._comments(method, path, query, body) or _NOT_FOUND

    def _requests(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        opened, _, _, single = _PATHS[self.kind]
        if re.fullmatch(opened, path) and method == "POST":
            return self._open(body)
        if re.fullmatch(opened, path) and method == "GET":
            branch = query["head"].partition(":")[2] if self.kind == GITHUB else query["source_branch"]
            assert query["state"] == ("open" if self.kind == GITHUB else "opened")
            number = self.requests.get(branch)
            return 200, {}, [{"number": number, "iid": number}] if number else []
        if (match := re.fullmatch(single, path)) and int(match[1]) in self.opened:
            if match[2]:
                return self._merge(int(match[1]), body) if method == "PUT" else None
            return self._about(int(match[1])) if method == "GET" else None
        if (match := re.fullmatch(_WORKFLOW, path)) and method == "POST":
            self.started.append((match[1], body["ref"]))
            return 204, {}, None
        return None

    def _comments(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
        _, of_request, one, _ = _PATHS[self.kind]
        if match := re.fullmatch(of_request, path):
            return self._of_request(method, int(match[1]), query, body)
        if (match := re.fullmatch(one, path)) and method == ("PATCH" if self.kind == GITHUB else "PUT"):
            for comments in self.comments.values():
                for comment in comments:
                    if comment["id"] == int(match[1]):
                        comment["body"] = body["body"]
                        return 200, {}, comment
        return None

    def _open(self, body: Any) -> Answer:
        github = self.kind == GITHUB
        branch = body["head" if github else "source_branch"]
        base = body["base" if github else "target_branch"]
        assert body["title"] and isinstance(body["body" if github else "description"], str)
        if branch in self.requests:
            said = {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}
            return (422, {}, said) if github else (409, {}, {"message": ["Another open merge request already exists"]})
        if self.repository is not None and not self._rev(branch):
            return 422, {}, {"message": "Validation Failed", "errors": [{"field": "head", "message": "not there"}]}
        number = 1 + max([0, *self.comments])
        self.requests[branch], self.comments[number] = number, []
        self.opened[number] = {**body, "branch": branch, "base": base}
        return 201, {}, {"number": number, "iid": number}

    def _branch(self, number: int) -> str | None:
        return next((name for name, of in self.requests.items() if of == number), None)

    def _merge(self, number: int, body: Any) -> Answer:
        asked, branch = self.opened[number], self._branch(number)
        sha = self._rev(asked["branch"])
        if body["sha"] != sha:
            return 409, {}, {"message": "Head branch was modified. Review and try the merge again."}
        if branch is None or asked.get("draft"):
            return 405, {}, {"message": "Pull Request is not mergeable"}
        self._git("update-ref", f"refs/heads/{asked['base']}", sha)
        self.merged[number] = sha
        del self.requests[branch]
        return 200, {}, {"merged": True, "sha": sha}

    def _about(self, number: int) -> Answer:
        asked, opened, foreign = self.opened[number], self._branch(number) is not None, number in self.foreign
        sha = self._rev(asked["branch"])
        if self.kind == GITHUB:
            source = {"full_name": "stranger/parts" if foreign else "acme/parts"}
            ends = {"head": {"sha": sha, "repo": source}, "base": {"ref": asked["base"]}}
            state = "open" if opened else "closed"
            return 200, {}, {**ends, "state": state, "draft": asked["draft"], "mergeable": True, "html_url": self.url}
        ends = {"source_project_id": 2 if foreign else 1, "target_project_id": 1, "target_branch": asked["base"]}
        draft, state = asked["title"].startswith("Draft: "), "opened" if opened else "merged"
        return 200, {}, {**ends, "sha": sha, "state": state, "draft": draft, "detailed_merge_status": "mergeable"}

    def _rev(self, branch: str) -> str:
        return self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")

    def _git(self, *arguments: str) -> str:
        assert self.repository is not None
        command = ["git", "--git-dir", str(self.repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

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
