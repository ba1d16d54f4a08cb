"""What a running `tiles serve` says of itself: its model, drift, and how its shadow agrees. Asked, never believed."""

from __future__ import annotations

from typing import Any

import httpx

from tilecli.data.download import shown
from tilecli.errors import DeployError
from tilecli.serving.address import checked

_PATIENCE_S = 3.0  # somebody waits for it
_MOST_BYTES = 1_000_000


def ask(url: str, key: str | None) -> dict[str, Any]:
    """`url` (without what may be secret in it), `model`, `drift` and `shadow` (None where there is none).

    See `serving.routes.state` for what they hold. Raises DeployError where no server of tiles answers.
    """
    base = checked(url, "ask", "--endpoint", "http://127.0.0.1:8000")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=base, headers=headers, timeout=_PATIENCE_S) as client:
        model, drift = (_told(client, path) for path in ("/v1/model", "/v1/drift"))
        if model is None or drift is None:
            raise DeployError("this is no server of tiles", where=shown(base), hint="tiles serve says its address")
        return {"url": shown(base), "model": model, "drift": drift, "shadow": _told(client, "/v1/shadow")}


def _told(client: httpx.Client, path: str) -> dict[str, Any] | None:
    """The JSON object at `path`; None where there is nothing there."""
    where = f"{shown(str(client.base_url)).rstrip('/')}{path}"
    try:
        answer = client.get(path)
    except httpx.TransportError as error:
        raise DeployError(f"no answer: {error}", where=where, hint="is it running? tiles serve") from error
    if answer.status_code == 404:
        return None
    if not answer.is_success:
        hint = "TILES_API_KEYS=… tiles studio …" if answer.status_code == 401 else None
        raise DeployError(f"it answers {answer.status_code} {answer.reason_phrase}", where=where, hint=hint)
    try:
        said = answer.json() if len(answer.content) <= _MOST_BYTES else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise DeployError("this is no server of tiles", where=where)
    return said
