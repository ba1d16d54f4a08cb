"""Pull requests of GitHub: which one a run belongs to, and its comment. REST API of 2022-11-28."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tilecli.errors import PublishError
from tilecli.reporting.hosting.api import Api
from tilecli.reporting.hosting.host import Host, Method, Request, number, settled

_HINTS = {
    401: "the token is no longer valid: set GITHUB_TOKEN to a new one",
    403: "the token may not comment here: give the job `permissions: pull-requests: write`; a pull request of a fork "
    "gets no such token, so let a workflow of the repository itself publish",
    404: "the pull request or the repository is gone, or the token does not see it: check --request and --repository",
    410: "comments are switched off here, or the pull request is gone",
    422: "GitHub refuses the text, or the conversation is locked",
}
_OPENING_HINTS = {
    403: "allow it: Settings, Actions, General, 'Allow GitHub Actions to create and approve pull requests', and give "
    "the job `permissions: pull-requests: write`; or use a token of your own",
    422: "a request needs a branch that is at GitHub and has commits that the base has not",
}
_STARTING_HINTS = {
    403: "the token may not start workflows: give the job `permissions: actions: write`",
    404: "the workflow is not on the default branch, or the token does not see it",
    422: "the workflow has no `workflow_dispatch`, or the branch is gone",
}
_MERGING_HINTS = {
    403: "the token may not merge here: give the job `permissions: contents: write, pull-requests: write`",
    405: "a rule of the branch forbids it (a review, a check), there is a conflict, or this way of merging is switched "
    "off: --method merge, squash or rebase",
    409: "somebody pushed to the branch after it was measured: the run of that push decides",
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

    def open_request(self, branch: str, base: str, title: str, text: str, *, draft: bool = False) -> int:
        """Open a pull request of `branch` into `base`; returns its number."""
        values = {"title": title, "head": branch, "base": base, "body": text, "draft": draft}
        made = self.api.call("POST", f"/repos/{self._repository}/pulls", _OPENING_HINTS, json=values).json()
        return int(made["number"])

    def request(self, number: int) -> Request:
        """What a pull request is about, once GitHub knows whether it can be merged."""
        path = f"/repos/{self._repository}/pulls/{number}"
        found = settled(lambda: self.api.call("GET", path).json(), lambda said: said.get("mergeable") is not None)
        source = (found["head"].get("repo") or {}).get("full_name", "")  # a fork that was deleted has none
        return Request(
            number=number,
            url=str(found.get("html_url", "")),
            opened=found["state"] == "open",
            draft=bool(found.get("draft")),
            sha=found["head"]["sha"],
            base=found["base"]["ref"],
            foreign=source.lower() != self._repository.lower(),
        )

    def merge(self, number: int, sha: str, method: Method) -> None:
        """Merge a pull request, if `sha` is the last commit of its branch."""
        values = {"sha": sha, "merge_method": method}
        self.api.call("PUT", f"/repos/{self._repository}/pulls/{number}/merge", _MERGING_HINTS, json=values)

    def start(self, workflow: str, ref: str) -> None:
        """Start the workflow of that file on a branch; what a job's own token merges would start none."""
        path = f"/repos/{self._repository}/actions/workflows/{workflow}/dispatches"
        self.api.call("POST", path, _STARTING_HINTS, json={"ref": ref})

    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen by whoever sees the repository."""
        return f"{self._server}/{self._repository}/blob/{commit}/{path}?raw=true"


_SIGN_IN = "in a workflow: env: {GITHUB_TOKEN: ${{ github.token }}}; by hand: a token that may write pull requests"
