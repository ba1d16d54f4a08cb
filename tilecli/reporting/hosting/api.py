"""Calls to a host's API: repeated where a failure may pass, and every other failure in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tilecli import progress
from tilecli.data.download import WORTH_ANOTHER_TRY, retry_after_s, shown
from tilecli.errors import PublishError, TilesError

_ATTEMPTS = 5
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 120.0  # a host that asks for more is waited for no longer
_LATER = "the same command again, later"
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Api:
    """One host's API, with its token."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        hints: Mapping[int, str],
        *,
        error: type[TilesError] = PublishError,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> None:
        """hints: what to do about a status, or without any answer (0), in the host's own terms.

        error: what is raised then.
        """
        self._client = httpx.Client(base_url=url, headers=dict(headers), timeout=timeout, follow_redirects=True)
        self._hints, self._error = hints, error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def call(self, method: str, path: str, hints: Mapping[int, str] | None = None, **given: Any) -> httpx.Response:
        """The answer, once there is a good one; the API's own error where there is none.

        hints: what a status means for this call, before what it means for any. A new comment is posted once: whether a
        POST that was cut off has been carried out, nobody knows.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                response = self._client.request(method, path, **given)
            except httpx.TransportError as error:
                if last or (method == "POST" and not isinstance(error, httpx.ConnectError)):
                    words = f"{self._client.base_url.host} cannot be reached: {error or type(error).__name__}"
                    raise self._error(words, where=shown(path), hint=self._hints.get(0, _LATER)) from error
                self._wait(attempt, None, "no answer")
                continue
            if response.is_success:
                return response
            if not last and _may_pass(response):
                self._wait(attempt, _asked_wait_s(response), f"the host answered {response.status_code}")
                continue
            raise self._refusal(response, path, {**self._hints, **(hints or {})})
        raise AssertionError  # the last attempt returns or raises

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every entry of a list that the host gives in pages of 100."""
        page = 1
        while True:
            found = self.call("GET", path, params={**params, "per_page": 100, "page": page}).json()
            yield from found
            if len(found) < 100:
                return
            page += 1

    def _wait(self, attempt: int, asked_s: float | None, why: str) -> None:
        wait_s = _FIRST_WAIT_S * 2 ** (attempt - 1) if asked_s is None else asked_s
        wait_s = min(wait_s, _LONGEST_WAIT_S)
        progress.note(f"{why}; the next try is in {wait_s:g} s")
        time.sleep(wait_s)

    def _refusal(self, response: httpx.Response, path: str, hints: Mapping[int, str]) -> TilesError:
        status = response.status_code
        words = f"the host answered {status} {response.reason_phrase}"
        said = _said(response)
        if said:
            words += f": {said}"
        return self._error(words, where=shown(path), hint=hints.get(status, _LATER))


def _said(response: httpx.Response) -> str:
    """What the host gives as its reason: a message, and on GitHub what is wrong with which field."""
    try:
        body = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    message, errors = body.get("message") or body.get("detail") or body.get("error"), body.get("errors")
    more = [entry.get("message") for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    parts = [*(message if isinstance(message, list) else [message]), *more]
    return "; ".join(str(part) for part in parts if part)


def _may_pass(response: httpx.Response) -> bool:
    # GitHub answers 403, not 429, where too much was asked for.
    limited = response.status_code == 403 and (
        response.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in response.headers
    )
    return limited or response.status_code in WORTH_ANOTHER_TRY


def _asked_wait_s(response: httpx.Response) -> float | None:
    asked = retry_after_s(response)
    reset = response.headers.get("X-RateLimit-Reset", "")
    if asked is None and response.headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        asked = max(0.0, int(reset) - time.time())
    return asked
