"""Merge requests of GitLab: which one a run belongs to, and its note. REST API v4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from tilecli.errors import PublishError
from tilecli.reporting.hosting.api import Api
from tilecli.reporting.hosting.host import Host, Method, Request, number, settled

_HINTS = {
    401: "the token is no longer valid: set GITLAB_TOKEN to a project access token with the scope api",
    403: "the token may not write notes: a project access token with the role Reporter and the scope api may",
    404: "the merge request or the project is gone, or the token does not see it: check --request and --repository",
}
_OPENING_HINTS = {
    403: "the token may not open merge requests: a project access token with the role Developer and the scope api may",
    409: "there is one of this branch already, open or just opened by another job",
    422: "a merge request needs a branch that is at GitLab and another one to go to",
}
_MERGING_HINTS = {
    401: "the token may not merge here: Settings, Repository, Protected branches says who may",
    405: "it is a draft or closed, its pipeline has not passed, or an approval is missing",
    406: "there is a conflict: bring the branch up to date",
    409: "somebody pushed to the branch after it was measured: the pipeline of that push decides",
    422: "GitLab says that it cannot be merged as it is: a conflict, a pipeline or an approval stands against it",
}
_SETTLING = ("unchecked", "checking", "preparing", "approvals_syncing")
_SIGN_IN = "set the masked CI/CD variable GITLAB_TOKEN to a project access token with the scope api"


class GitLab(Host):
    """A project on GitLab, or on a GitLab of one's own."""

    repository_variable = "CI_PROJECT_PATH"
    most_characters = 1_000_000

    def __init__(self, environment: Mapping[str, str], repository: str | None) -> None:
        token = environment.get("GITLAB_TOKEN") or environment.get("REPO_TOKEN")
        if not token:
            raise PublishError("there is no token for GitLab", where="GITLAB_TOKEN", hint=_SIGN_IN)
        if not repository:
            raise PublishError("which project is not known", where="--repository", hint="--repository GROUP/NAME")
        self._path = repository
        self._server = environment.get("CI_SERVER_URL", "https://gitlab.com").rstrip("/")
        self._request = number(environment.get("CI_MERGE_REQUEST_IID"))
        self.api = Api(environment.get("CI_API_V4_URL", f"{self._server}/api/v4"), {"PRIVATE-TOKEN": token}, _HINTS)
        self._project = f"/projects/{quote(repository, safe='')}"

    def request_of(self, branch: str) -> int | None:
        """The merge request that this job is about, or the open one from `branch`."""
        if self._request is not None:
            return self._request
        path = f"{self._project}/merge_requests"
        found = next(self.api.pages(path, source_branch=branch, state="opened"), None)
        return number(found["iid"]) if found else None

    def comments(self, request: int) -> Iterable[tuple[str, str]]:
        """(path in the API, text) of every note."""
        path = f"{self._project}/merge_requests/{request}/notes"
        return ((f"{path}/{entry['id']}", entry.get("body") or "") for entry in self.api.pages(path))

    def create(self, request: int, text: str) -> str:
        """Write a note; returns the address of its merge request."""
        self.api.call("POST", f"{self._project}/merge_requests/{request}/notes", json={"body": text})
        return self._url(request)

    def update(self, comment: str, text: str) -> str:
        """Put `text` in the place of a note's; returns the address of its merge request."""
        self.api.call("PUT", comment, json={"body": text})
        return self._url(int(comment.split("/")[-3]))

    def open_request(self, branch: str, base: str, title: str, text: str, *, draft: bool = False) -> int:
        """Open a merge request of `branch` into `base`; returns its number."""
        values = {
            "source_branch": branch,
            "target_branch": base,
            "title": f"Draft: {title}" if draft else title,
            "description": text,
        }
        made = self.api.call("POST", f"{self._project}/merge_requests", _OPENING_HINTS, json=values).json()
        return int(made["iid"])

    def request(self, number: int) -> Request:
        """What a merge request is about, once GitLab knows whether it can be merged."""
        path = f"{self._project}/merge_requests/{number}"
        found = settled(
            lambda: self.api.call("GET", path).json(), lambda said: said.get("detailed_merge_status") not in _SETTLING
        )
        return Request(
            number=number,
            url=str(found.get("web_url", "")),
            opened=found["state"] == "opened",
            draft=bool(found.get("draft")),
            sha=found["sha"],
            base=found["target_branch"],
            foreign=found["source_project_id"] != found["target_project_id"],
        )

    def merge(self, number: int, sha: str, method: Method) -> None:
        """Merge a merge request, if `sha` is the last commit of its branch."""
        if method == "rebase":
            raise PublishError(
                "GitLab merges by rebasing where the project says so, not where a call does",
                where="--method",
                hint="Settings, Merge requests, Merge method; or --method merge or squash",
            )
        values = {"sha": sha, "squash": method == "squash"}
        self.api.call("PUT", f"{self._project}/merge_requests/{number}/merge", _MERGING_HINTS, json=values)

    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen by whoever sees the project."""
        return f"{self._server}/{self._path}/-/raw/{commit}/{path}"

    def _url(self, request: int) -> str:
        return f"{self._server}/{self._path}/-/merge_requests/{request}"
