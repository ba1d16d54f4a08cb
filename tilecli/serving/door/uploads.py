"""The body of a request: received within bounds of size and time, and taken apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tilecli.serving import problems
from tilecli.serving.problems import Problem

MAX_PARTS = 256
_LARGE = 1_000_000  # bytes; larger bodies are taken apart beside the event loop


@dataclass(frozen=True)
class Part:
    """One field of a form, or a whole body that is a photo."""

    field: str
    name: str  # of the file, as the client says
    content_type: str
    data: bytes


@dataclass
class Buffers:
    """What all requests of this process hold in memory while they arrive."""

    limit: int  # bytes
    held: int = 0


async def receive(
    stream: AsyncIterator[bytes], declared: int | None, limit: int, buffers: Buffers, seconds: float
) -> bytes:
    """All of a body.

    `declared`: its length as the client says. Raises Problem: 413 past `limit` bytes, 408 after `seconds`, 503 where
    all bodies together would hold more than `buffers.limit`.
    """
    if declared is not None and declared > limit:
        raise _too_large(limit, declared)
    held = 0
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(seconds):
            async for chunk in stream:
                held += len(chunk)
                buffers.held += len(chunk)
                if held > limit:
                    raise _too_large(limit)
                if buffers.held > buffers.limit:
                    raise Problem(problems.BUSY, "too many photos are arriving at once", headers={"Retry-After": "1"})
                chunks.append(chunk)
    except TimeoutError:
        raise Problem(problems.SLOW_CLIENT, f"the request did not arrive within {seconds:g} s") from None
    finally:
        buffers.held -= held
    return b"".join(chunks)


async def parts(body: bytes, content_type: str) -> list[Part]:
    """The fields of a multipart form, in their order; a body that is a photo itself is the field `image`.

    Raises Problem (400, 415) for anything else.
    """
    kind, options = parse_options_header(content_type)
    name = kind.decode("latin-1")
    if name.startswith("image/") or name == "application/octet-stream":
        return [Part("image", "photo", name, body)]
    if name != "multipart/form-data":
        raise Problem(
            problems.WRONG_FORMAT,
            f"the body is {name or 'of no declared type'}, not multipart/form-data",
            "curl -F image=@photo.jpg …",
        )
    boundary = options.get(b"boundary")
    if not boundary:
        raise Problem(problems.BAD_REQUEST, "the multipart body names no boundary", "curl -F image=@photo.jpg …")
    if len(body) > _LARGE:
        return await asyncio.to_thread(split, body, boundary)
    return split(body, boundary)


def split(body: bytes, boundary: bytes) -> list[Part]:
    """Take a multipart body apart; Problem (400) where it is broken, cut off or has more than `MAX_PARTS` parts."""
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]  # its TypedDict wants all keys
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise Problem(problems.BAD_REQUEST, f"the multipart body is broken: {error}") from error
    if not form.ended:
        raise Problem(problems.BAD_REQUEST, "the multipart body is cut off: its closing boundary is missing")
    return form.parts


@dataclass
class _Form:
    """What the parser's callbacks fill."""

    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _field: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list)

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self._data.append(data[start:end]),
            "on_part_end": self._part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise Problem(problems.BAD_REQUEST, f"the form has more than {MAX_PARTS} fields")
        self._headers, self._data = {}, []

    def _header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        kind = self._headers.get(b"content-type", b"").decode("latin-1")
        name, file = options.get(b"name", b""), options.get(b"filename", b"")
        self.parts.append(Part(_text(name), _text(file), kind, b"".join(self._data)))

    def _end(self) -> None:
        self.ended = True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _too_large(limit: int, size: int | None = None) -> Problem:
    what = f"the request has {size:,} bytes" if size is not None else "the request is too long"
    # Bytes that nobody will read are not waited for.
    return Problem(problems.TOO_LARGE, f"{what}; up to {limit:,} are taken", headers={"Connection": "close"})
