"""Uploads that no honest client sends, byte by byte: made from a seed, each with the answers that are right for it."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

SUFFIXES = (".png", ".jpg", ".bmp", ".tif", ".webp")
BOMB_PX = 100_000  # on each side
FIELDS = 10_000
HUGE_HEADER = 100_000  # bytes
ROUTES = ("/analyze", "/v1/predict", "/v1/predict/batch")

Rng = random.Random


@dataclass(frozen=True)
class Upload:
    """One request as it goes over the wire."""

    kind: str  # what is wrong with it
    request: bytes
    right: frozenset[int]  # statuses that it may be answered with, itself or, in a batch that succeeds, its photos
    file: bytes = b""  # the photo in it, where there is one
    keeps: bool = True  # whether the connection is fit for another request afterwards
    leaves: bool = False  # the client is gone after the last byte; nobody is answered


@dataclass(frozen=True)
class _File:
    data: bytes
    right: tuple[int, ...]


def uploads(seed: int, count: int) -> Iterator[Upload]:
    """`count` uploads of all kinds, mixed; the same seed gives the same bytes."""
    rng = random.Random(seed)
    makers = list(FILES.items()) + list(REQUESTS.items())
    order = rng.choices(makers, weights=[weight for _, (_, weight) in makers], k=count)
    # Rare kinds are not left to chance.
    for place, maker in enumerate(makers[:count]):
        order[place * max(1, count // len(makers))] = maker
    for kind, (make, _) in order:
        made = make(rng)
        yield in_form(kind, made, rng) if isinstance(made, _File) else made


def in_form(kind: str, file: _File, rng: Rng) -> Upload:
    """A file, sent the way that files are sent."""
    route = rng.choice(ROUTES)
    name, content_type = f"photo{rng.choice(SUFFIXES)}", rng.choice(("image/png", "image/jpeg", "text/plain", ""))
    request = post(route, *form([part("image", file.data, name, content_type)]))
    return Upload(kind, request, frozenset(file.right), file.data)


def part(field: str, data: bytes, name: str | None = None, content_type: str = "") -> bytes:
    """One part of a form, from its headers on."""
    file = f'; filename="{name}"' if name is not None else ""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f'Content-Disposition: form-data; name="{field}"{file}\r\n{kind}\r\n'.encode() + data


def form(parts: list[bytes], boundary: str = "frontier") -> tuple[bytes, str]:
    """A whole form and its content type."""
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts) + mark + b"--\r\n"
    return body, f"multipart/form-data; boundary={boundary}"


def post(
    route: str, body: bytes, content_type: str | None, *headers: str, length: int | None = None, method: str = "POST"
) -> bytes:
    """A request; `length`: other than the body's."""
    lines = [f"{method} {route} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@cache
def photos() -> dict[str, bytes]:
    """A small photo in every format that is taken."""
    grey = np.random.default_rng(0).integers(120, 200, (48, 64), np.uint8)
    grey[10:20, 10:30] = 15
    return {suffix: bytes(cv2.imencode(suffix, grey)[1]) for suffix in SUFFIXES}


def _any_photo(rng: Rng) -> bytes:
    return photos()[rng.choice(SUFFIXES)]


def _truncated(rng: Rng) -> _File:
    data = _any_photo(rng)
    return _File(data[: rng.randrange(1, len(data))], (200, 400, 413, 415))  # some decoders make do with less


def _flipped(rng: Rng) -> _File:
    data = bytearray(_any_photo(rng))
    # The header is where a flip does most.
    reach = rng.choice((64, len(data)))
    for _ in range(rng.choice((1, 2, 8, 64))):
        data[rng.randrange(min(reach, len(data)))] ^= 1 << rng.randrange(8)
    return _File(bytes(data), (200, 400, 413, 415))


def _garbled(rng: Rng) -> _File:
    data = _any_photo(rng)
    keep = rng.randrange(20, 60)
    return _File(data[:keep] + rng.randbytes(len(data) - keep), (200, 400, 413, 415))


_STRANGERS = (
    b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    b"%PDF-1.7\n1 0 obj\n",
    b"PK\x03\x04\x14\x00\x00\x00",
    b"\x7fELF\x02\x01\x01",
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    b"<!doctype html><title>photo</title>",
    b'{"image": "photo.png"}',
    b"RIFF\x24\x00\x00\x00WAVEfmt ",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    b"P6\n100000 100000\n255\n",
    b"#?RADIANCE\n\n-Y 100000 +X 100000\n",
    b"v/1\x01\x02\x00\x00\x00",
    b"BM",
    b"II*",
    b"../../../../etc/passwd\n",
    b"\x00" * 64,
)


def _stranger(rng: Rng) -> _File:
    return _File(rng.choice(_STRANGERS) + rng.randbytes(rng.choice((0, 10, 3000))), (415,))


def _noise(rng: Rng) -> _File:
    return _File(b"\x01" + rng.randbytes(rng.choice((1, 100, 20_000))), (415,))


def _nothing(rng: Rng) -> _File:
    return _File(b"", (400,))


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG, with the checksum that belongs to it."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """Signature and header of an 8-bit grey PNG."""
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


@cache
def true_bomb(side: int = 20_000) -> bytes:
    """A PNG that really unpacks to side × side px, and is a thousandth of that."""
    packer = zlib.compressobj(9)
    line = bytes(side + 1)
    packed = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    return png_header(side, side) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def _tiff_header(width: int, height: int) -> bytes:
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    entries += [(278, 4, height), (279, 4, 1000)]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)


def bombs() -> dict[str, bytes]:
    """Files that claim, in their headers alone, more pixels than anybody has memory for."""
    jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    jpeg += b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 65_535, 65_535) + b"\x01\x01\x11\0"
    bmp = b"BM" + struct.pack("<IHHI", 10**9, 0, 0, 54)
    bmp += struct.pack("<IiiHHIIiiII", 40, BOMB_PX, BOMB_PX, 1, 8, 0, 0, 0, 0, 0, 0)
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + 2 * (16_383).to_bytes(3, "little")
    return {
        ".png": png_header(BOMB_PX, BOMB_PX) + png_chunk(b"IDAT", zlib.compress(bytes(1000))),
        ".jpg": jpeg + b"\xff\xda" + bytes(100),
        ".bmp": bmp + bytes(1000),
        ".tif": _tiff_header(BOMB_PX, BOMB_PX) + bytes(1000),
        ".webp": b"RIFF" + struct.pack("<I", 100) + b"WEBP" + canvas + bytes(80),
    }


def _bomb(rng: Rng) -> _File:
    return _File(rng.choice(list(bombs().values())), (413,))


def _true_bomb(rng: Rng) -> _File:
    return _File(true_bomb(), (413,))


def _flat(rng: Rng) -> _File:
    """A header that claims no pixels at all."""
    width, height = rng.choice(((0, 0), (0, 100), (100, 0)))
    return _File(png_header(width, height) + png_chunk(b"IDAT", zlib.compress(bytes(100))), (400,))


def _wrong(kind: str, body: bytes, content_type: str | None, right: tuple[int, ...], rng: Rng, *headers: str) -> Upload:
    return Upload(kind, post(rng.choice(ROUTES), body, content_type, *headers), frozenset(right))


def _empty_body(rng: Rng) -> Upload:
    return _wrong("empty body", b"", rng.choice((None, form([])[1])), (400, 415), rng)


def _many_fields(rng: Rng) -> Upload:
    fields = [part(f"field{i}", b"x") for i in range(FIELDS)]
    return _wrong("many fields", *form([*fields, part("image", _any_photo(rng), "a.png")]), (400, 413), rng)


def _huge_header(rng: Rng) -> Upload:
    lines = [f"X-Long: {'x' * HUGE_HEADER}"] if rng.random() < 0.5 else [f"X-{i}: {'y' * 90}" for i in range(1000)]
    request = post(rng.choice(ROUTES), *form([part("image", _any_photo(rng), "a.png")]), *lines)
    return Upload("huge header", request, frozenset({400, 431}))


def _huge_part_header(rng: Rng) -> Upload:
    which = rng.choice((part("image", b"x", "n" * 300_000), part("f" * 300_000, b"x"), b"X: " + b"y" * 300_000))
    return _wrong("huge part header", *form([which]), (400, 413, 415), rng)


def _wrong_content_type(rng: Rng) -> Upload:
    body, right_one = form([part("image", _any_photo(rng), "a.png")])
    content_type = rng.choice(
        (
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain; charset=bogus",
            "multipart/mixed; boundary=frontier",
            "image/png",
            "application/octet-stream",
            "/",
            ";;;=",
            "\xff\xfe",
            right_one.replace("multipart", "multi part"),
        )
    )
    return _wrong("wrong content type", body, content_type, (415,), rng)


def _no_content_type(rng: Rng) -> Upload:
    return _wrong("no content type", form([part("image", _any_photo(rng), "a.png")])[0], None, (415,), rng)


def _boundary(rng: Rng) -> Upload:
    body, _ = form([part("image", _any_photo(rng), "a.png")])
    content_type = rng.choice(
        (
            "multipart/form-data",
            "multipart/form-data; boundary",
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary=""',
            "multipart/form-data; boundary=another",
            "multipart/form-data; boundary=front",
            f"multipart/form-data; boundary={'b' * 20_000}",
            "multipart/form-data; boundary=\xff\xfe",
            "multipart/form-data; boundary*=bogus'en'%zz",
        )
    )
    return _wrong("missing or wrong boundary", body, content_type, (400,), rng)


def _broken_form(rng: Rng) -> Upload:
    photo = part("image", _any_photo(rng), "a.png", "image/png")
    body, content_type = form([photo])
    mark, end = b"--frontier", b"\r\n--frontier--\r\n"
    broken = rng.choice(
        (
            body[: rng.randrange(1, len(body) - len(end))],
            body.removesuffix(end),
            body.replace(mark, b"--fr0ntier"),
            body.replace(b"Content-Disposition:", b"Content-Disposition"),
            body.replace(b"Content-Disposition: form-data", b": :\0"),
            mark + b"--\r\n",
            mark + b"\r\n\r\n" + photo + end,
            form([photo.replace(b'name="image"', b"name=")])[0],
            form([photo.replace(b'name="image"', b'name="picture"')])[0],
            form([photo.replace(b"form-data", b"\xff\xfe").replace(b"image", b"\xff")])[0],
            b"\r\n" * 2000,
            b"-" * 5000,
            rng.randbytes(3000),
        )
    )
    return _wrong("broken form", broken, content_type, (400,), rng)


def _twice(rng: Rng) -> Upload:
    body, content_type = form([part("image", _any_photo(rng), "a.png")] * 2)
    return Upload("two photos", post(rng.choice(ROUTES[:2]), body, content_type), frozenset({400}))


def _too_long(rng: Rng) -> Upload:
    """Claims a body that is not taken, and waits for what the server says."""
    body, content_type = form([part("image", _any_photo(rng), "a.png")])
    length = rng.choice((10**9, 10**15, 10**30))
    request = post(rng.choice(ROUTES), body, content_type, length=length)
    return Upload("long body claimed", request, frozenset({400, 413}), keeps=False)


def _leaves(rng: Rng) -> Upload:
    """The client goes away in the middle of its request."""
    whole = post(rng.choice(ROUTES), *form([part("image", _any_photo(rng), "a.png")]))
    return Upload("client leaves", whole[: rng.randrange(1, len(whole))], frozenset(), leaves=True)


def _wrong_parameter(rng: Rng) -> Upload:
    route = rng.choice(("/analyze?format=", "/v1/predict?include="))
    route += rng.choice(("bogus", "json%00", "png,png,x", "%ff%fe", "..%2f..%2fetc", "x" * 5000))
    request = post(route, *form([part("image", _any_photo(rng), "a.png")]))
    return Upload("wrong parameter", request, frozenset({422}))


def _wrong_place(rng: Rng) -> Upload:
    method, route, right = rng.choice(
        (
            ("PUT", "/analyze", (405,)),
            ("DELETE", "/v1/predict", (405,)),
            ("BREW", "/analyze", (405,)),
            ("POST", "/livez", (405,)),
            ("POST", "/analyse", (404,)),
            ("POST", "/v1/predict/batch/more", (404,)),
            ("POST", "/static/../../../etc/passwd", (404, 405)),
            ("POST", "/%00", (404,)),
            ("POST", "/" + "a" * 8000, (404,)),
        )
    )
    body, content_type = form([part("image", _any_photo(rng), "a.png")])
    return Upload("wrong place", post(route, body, content_type, method=method), frozenset(right))


def _broken_http(rng: Rng) -> Upload:
    chunked = "POST /analyze HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: image/png\r\n\r\n"
    request = rng.choice(
        (
            b"hello\r\n\r\n",
            b"POST\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(100) + b"\r\n\r\n",  # TLS on a plain port
            b"POST /analyze HTTP/9.9\r\nHost: x\r\n\r\n",
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\nhello",
            b"POST /analyze HTTP/1.1\r\nno colon here\r\n\r\n",
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nX-\0: y\r\n\r\n",
            chunked.encode() + b"zz\r\nhello\r\n0\r\n\r\n",
            chunked.encode() + b"-1\r\nhello\r\n0\r\n\r\n",
            chunked.encode() + b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n",
        )
    )
    return Upload("broken HTTP", request, frozenset({400, 415, 501, 505}), keeps=False)


# Kind → maker and how often, in relation to the others. Those that are dear to send or to refuse are rare.
FILES: dict[str, tuple[Callable[[Rng], _File], int]] = {
    "truncated": (_truncated, 120),
    "bits flipped": (_flipped, 120),
    "garbled": (_garbled, 60),
    "of another type": (_stranger, 80),
    "noise": (_noise, 20),
    "no bytes": (_nothing, 30),
    "bomb": (_bomb, 60),
    "true bomb": (_true_bomb, 3),
    "no pixels": (_flat, 20),
}
REQUESTS: dict[str, tuple[Callable[[Rng], Upload], int]] = {
    "empty body": (_empty_body, 20),
    "many fields": (_many_fields, 3),
    "huge header": (_huge_header, 15),
    "huge part header": (_huge_part_header, 10),
    "wrong content type": (_wrong_content_type, 60),
    "no content type": (_no_content_type, 20),
    "missing or wrong boundary": (_boundary, 60),
    "broken form": (_broken_form, 80),
    "two photos": (_twice, 20),
    "long body claimed": (_too_long, 20),
    "client leaves": (_leaves, 40),
    "wrong parameter": (_wrong_parameter, 40),
    "wrong place": (_wrong_place, 40),
    "broken HTTP": (_broken_http, 40),
}
KINDS = (*FILES, *REQUESTS)
