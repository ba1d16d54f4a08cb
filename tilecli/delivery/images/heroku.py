"""Heroku's Platform API, version 3: an archive of the context in, a running release out.

    GET /apps/APP · GET, PATCH /apps/APP/config-vars · POST /sources → PUT · POST, GET /apps/APP/builds

`POST /apps/APP/sources` does the same as `POST /sources` and is deprecated.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tilecli import progress
from tilecli.delivery.images import archive
from tilecli.delivery.images.context import Context, lay_out
from tilecli.errors import DeployError, UsageError
from tilecli.reporting.hosting.api import Api
from tilecli.serving.settings import KEYS_VARIABLE

TOKEN_VARIABLE = "HEROKU_API_KEY"  # noqa: S105 - as Heroku's own tools call it
API_VARIABLE = "TILES_HEROKU_API"
_API = "https://api.heroku.com"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
_STACK = "container"
_UPLOAD_S = 600.0
_LOOK_S = 3.0  # between looks at a build
_LONGEST_BUILD_S = 3600.0  # Heroku itself ends one before
_LOG_LINES = 15  # of a failed build's
_HINTS = {
    401: f"the token is no longer valid: set {TOKEN_VARIABLE} to a new one",
    403: "the token may not do this: it needs the scopes write-protected, or global",
    404: "the app is gone, or the token does not see it: check --app",
    422: "Heroku's own words say what it does not take",
}


@dataclass(frozen=True)
class Released:
    """What runs now."""

    url: str  # where it answers
    build: str  # id
    seconds: float
    archive_bytes: int


class Heroku:
    """One app. Refusals that may pass are waited for; others are DeployError."""

    def __init__(self, app: str, environment: Mapping[str, str]) -> None:
        """UsageError for a name that no app can have, DeployError without a token."""
        check_name(app)
        token = environment.get(TOKEN_VARIABLE)
        if not token:
            hint = f"export {TOKEN_VARIABLE}=…: heroku auth:token, or Account settings → API Key on its dashboard"
            raise DeployError("there is no token for Heroku", where=TOKEN_VARIABLE, hint=hint)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.heroku+json; version=3"}
        self._api = Api(environment.get(API_VARIABLE, _API).rstrip("/"), headers, _HINTS, error=DeployError)
        self._app = app

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._api.__exit__(kind, error, at)

    def prepare(self, keys: str | None) -> None:
        """See that the app builds containers and has API keys; with `keys`, make it so.

        Without keys a server on a public address ends at once, and without the container stack Heroku looks for a
        buildpack. DeployError, before anything is sent, where `keys` is None and one of them is missing.
        """
        app = self._json("GET", f"/apps/{self._app}")
        stack = (app.get("build_stack") or app.get("stack") or {}).get("name")
        keyed = bool(self._json("GET", f"/apps/{self._app}/config-vars").get(KEYS_VARIABLE))
        if keys is None and (stack != _STACK or not keyed):
            what = f"its stack is {stack}, not {_STACK}" if stack != _STACK else f"it has no {KEYS_VARIABLE}"
            hint = f"{KEYS_VARIABLE}=… tiles deploy heroku --app {self._app} --set-up sets both"
            raise DeployError(f"the app is not ready for this: {what}", where=f"app {self._app}", hint=hint)
        if keys is not None and stack != _STACK:
            self._json("PATCH", f"/apps/{self._app}", json={"build_stack": _STACK})
            progress.note(f"its stack is {_STACK} now, and was {stack}")
        if keys is not None:
            self._json("PATCH", f"/apps/{self._app}/config-vars", json={KEYS_VARIABLE: keys})

    def release(self, context: Context) -> Released:
        """Send the context, have it built, and wait for it; DeployError with the end of its log where it fails."""
        with tempfile.TemporaryDirectory(prefix="tiles-") as scratch:
            lay_out(context, Path(scratch, "context"))
            data = archive.packed(Path(scratch, "context"))
        try:
            return self._released(data, context.facts.version)
        except (KeyError, TypeError) as error:
            what = f"Heroku's answer lacks {error}"
            raise DeployError(what, where=f"app {self._app}", hint=f"check {API_VARIABLE}") from error

    def _released(self, data: bytes, version: str) -> Released:
        source = self._json("POST", "/sources")["source_blob"]
        progress.note(f"sending {len(data) / 1e6:.1f} MB")
        _send(str(source["put_url"]), data)
        checksum = f"SHA256:{hashlib.sha256(data).hexdigest()}"
        blob = {"url": source["get_url"], "version": version, "checksum": checksum}
        begun = time.monotonic()
        build = self._built(self._json("POST", f"/apps/{self._app}/builds", json={"source_blob": blob}))
        url = str(self._json("GET", f"/apps/{self._app}").get("web_url") or "")
        return Released(url.rstrip("/"), str(build["id"]), time.monotonic() - begun, len(data))

    def _built(self, build: Mapping[str, Any]) -> Mapping[str, Any]:
        where, until = f"/apps/{self._app}/builds/{build['id']}", time.monotonic() + _LONGEST_BUILD_S
        with progress.task(f"Heroku builds {self._app}"):
            while build["status"] == "pending" and time.monotonic() < until:
                time.sleep(_LOOK_S)
                build = self._json("GET", where)
        if build["status"] == "succeeded":
            return build
        log = _log(str(build.get("output_stream_url") or ""))
        what = f"the build is {build['status']}" + (f"; the end of its log:\n{log}" if log else "")
        raise DeployError(what, where=f"build {build['id']} of app {self._app}", hint="the app goes on as it was")

    def _json(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        response = self._api.call(method, path, **given)
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DeployError("the answer is none of Heroku's", where=path, hint=f"check {API_VARIABLE}")
        return found


def calls(app: str, *, set_up: bool) -> list[str]:
    """The calls that a release makes, in their order."""
    where = f"/apps/{app}"
    settings = [f"PATCH {where}", f"PATCH {where}/config-vars"] if set_up else []
    sent = ["POST /sources", "PUT the archive", f"POST {where}/builds", f"GET {where}/builds/ID", f"GET {where}"]
    return [f"GET {where}", f"GET {where}/config-vars", *settings, *sent]


def check_name(app: str) -> None:
    """Raise UsageError for a name that no app of Heroku can have."""
    if not _NAME.fullmatch(app):
        hint = "3 to 30 small letters, digits and hyphens, a letter first"
        raise UsageError(f"'{app}' is no name of an app", where="--app", hint=hint)


def _send(url: str, data: bytes) -> None:
    """Upload; the address itself is the permission, so no token goes along, nor a type that it was not signed for."""
    timeout = httpx.Timeout(_UPLOAD_S, connect=10.0)
    with Api("", {}, {}, error=DeployError, timeout=timeout) as store:
        store.call("PUT", url, content=data)


def _log(url: str) -> str:
    """The last lines of a build's log; empty where it cannot be had, as the failure is told all the same."""
    try:
        text = httpx.get(url, timeout=10.0, follow_redirects=True).raise_for_status().text if url else ""
    except (httpx.HTTPError, httpx.InvalidURL):
        return ""
    lines = ["".join(char for char in line if char.isprintable()) for line in text.splitlines()]
    return "\n".join(f"  {line}" for line in lines[-_LOG_LINES:])
