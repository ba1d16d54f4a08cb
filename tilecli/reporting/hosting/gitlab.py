"""Merge requests of GitLab: which one a run belongs to, and its note. REST API v4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from tilecli.errors import PublishError
from tilecli.reporting.hosting.api import Api
from tilecli.reporting.hosting.host import Host, number

_HINTS = {
    401: "the token is no longer valid: set GITLAB_TOKEN to a project access token with the scope api",
    403: "the token may not write notes: a project access token with the role Reporter and the scope api may",
    404: "the merge request or the project is gone, or the token does not see it: check --request and --repository",
}
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

    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen by whoever sees the project."""
        return f"{self._server}/{self._path}/-/raw/{commit}/{path}"

    def _url(self, request: int) -> str:
        return f"{self._server}/{self._path}/-/merge_requests/{request}"
