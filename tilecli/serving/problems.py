"""Every error the server answers with, as RFC 9457 problem documents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of problem: its name in `type`, its status and its title."""

    name: str
    status: int
    title: str


BAD_REQUEST = Kind("bad-request", 400, "The request cannot be understood")
NO_IMAGE = Kind("no-image", 400, "There is no photo in the request")
BROKEN_IMAGE = Kind("broken-image", 400, "The photo cannot be read")
NO_KEY = Kind("no-key", 401, "A valid API key is needed")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
WRONG_METHOD = Kind("wrong-method", 405, "This method is not possible here")
SLOW_CLIENT = Kind("slow-client", 408, "The request took too long to arrive")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
TOO_MANY_PIXELS = Kind("too-many-pixels", 413, "The photo has too many pixels")
WRONG_FORMAT = Kind("wrong-format", 415, "This kind of file is not taken")
REFUSED = Kind("refused", 422, "This cannot be done")
WRONG_PARAMETER = Kind("wrong-parameter", 422, "A parameter is wrong")
TOO_OFTEN = Kind("too-often", 429, "Too many requests from this client")
LONG_HEADERS = Kind("long-headers", 431, "The request's headers are too large")
INTERNAL = Kind("internal", 500, "Something went wrong in the server")
BUSY = Kind("busy", 503, "The server has as much work as it takes on")
STOPPING = Kind("stopping", 503, "The server stops")
NOT_READY = Kind("not-ready", 503, "The server is not ready")
TIMED_OUT = Kind("timed-out", 504, "The answer took too long")


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """Raised anywhere below a route; becomes the answer."""

    kind: Kind
    detail: str  # what is wrong with this request
    hint: str = ""  # what to do
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail

    def as_dict(self) -> dict[str, Any]:
        """The document's members."""
        document = {
            "type": f"urn:tiles:problem:{self.kind.name}",
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.hint:
            document["hint"] = self.hint
        return {**document, **self.extra}

    def body(self) -> bytes:
        """The document."""
        return json.dumps(self.as_dict(), ensure_ascii=False).encode()


def of_status(status: int, detail: str) -> Problem:
    """The problem for a bare HTTP status that a library raised."""
    for kind in (BAD_REQUEST, NO_KEY, NOT_FOUND, WRONG_METHOD, TOO_LARGE, WRONG_FORMAT, WRONG_PARAMETER, INTERNAL):
        if kind.status == status:
            return Problem(kind, detail)
    known = [entry.value for entry in HTTPStatus]
    return Problem(Kind(f"status-{status}", status, HTTPStatus(status).phrase if status in known else "Error"), detail)


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    for status, title in {
        400: "No photo, or one that cannot be read",
        401: "No valid API key",
        404: "There is nothing here",
        408: "The request took too long to arrive",
        413: "Too many bytes or too many pixels",
        415: "No JPEG, PNG, BMP, TIFF or WebP",
        422: "A parameter is wrong",
        429: "Too many requests from this client",
        503: "Too much work at once, not ready, or about to stop; see Retry-After",
        504: "The answer took too long",
    }.items()
}
