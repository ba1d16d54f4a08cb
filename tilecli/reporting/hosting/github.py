"""Pull requests of GitHub: which one a run belongs to, and its comment. REST API of 2022-11-28."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tilecli.errors import PublishError
from tilecli.reporting.hosting.api import Api
from tilecli.reporting.hosting.host import Host, number

_HINTS = {
    401: "the token is no longer valid: set GITHUB_TOKEN to a new one",
    403: "the token may not comment here: give the job `permissions: pull-requests: write`; a pull request of a fork "
    "gets no such token, so let a workflow of the repository itself publish",
    404: "the pull request or the repository is gone, or the token does not see it: check --request and --repository",
    410: "comments are switched off here, or the pull request is gone",
    422: "GitHub refuses the text, or the conversation is locked",
}


class GitHub(Host):
    """A repository on GitHub, or on a GitHub of one's own."""

    repository_variable = "GITHUB_REPOSITORY"
    most_characters = 65_536

    def __init__(self, environment: Mapping[str, str], repository: str | None) -> None:
        token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or environment.get("REPO_TOKEN")
        if not token:
            raise PublishError("there is no token for GitHub", where="GITHUB_TOKEN", hint=_SIGN_IN)
        if not repository or repository.count("/") != 1:
            raise PublishError("which repository is not known", where="--repository", hint="--repository OWNER/NAME")
        self._repository = repository
        self._server = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
        self._event = environment.get("GITHUB_EVENT_PATH", "")
        self._ref = environment.get("GITHUB_REF", "")
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.api = Api(environment.get("GITHUB_API_URL", "https://api.github.com"), headers, _HINTS)

    def request_of(self, branch: str) -> int | None:
        """The pull request that this job is about, or the open one from `branch`."""
        kind = self._ref.split("/")
        if len(kind) > 3 and kind[:2] == ["refs", "pull"]:
            return number(kind[2])
        try:
            event = json.loads(Path(self._event).read_text(encoding="utf-8")) if self._event else {}
        except (OSError, ValueError):
            event = {}
        if isinstance(event, dict) and "pull_request" in event:
            return number(event["pull_request"].get("number"))
        owner = self._repository.partition("/")[0]
        path = f"/repos/{self._repository}/pulls"
        found = next(self.api.pages(path, head=f"{owner}:{branch}", state="open"), None)
        return number(found["number"]) if found else None

    def comments(self, request: int) -> Iterable[tuple[str, str]]:
        """(path in the API, text) of every comment."""
        issues = f"/repos/{self._repository}/issues"
        found = self.api.pages(f"{issues}/{request}/comments")
        return ((f"{issues}/comments/{entry['id']}", entry.get("body") or "") for entry in found)

    def create(self, request: int, text: str) -> str:
        """Post a comment; returns its address."""
        path = f"/repos/{self._repository}/issues/{request}/comments"
        return str(self.api.call("POST", path, json={"body": text}).json().get("html_url", ""))

    def update(self, comment: str, text: str) -> str:
        """Put `text` in the place of a comment's; returns its address."""
        return str(self.api.call("PATCH", comment, json={"body": text}).json().get("html_url", ""))

    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen by whoever sees the repository."""
        return f"{self._server}/{self._repository}/blob/{commit}/{path}?raw=true"


_SIGN_IN = "in a workflow: env: {GITHUB_TOKEN: ${{ github.token }}}; by hand: a token that may write pull requests"
