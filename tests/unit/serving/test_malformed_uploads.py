"""The uploads that the server is tested with are as malformed as they claim to be."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import cv2
import h11
import imagesize
import numpy as np
import pytest

from tests import malformed
from tests.malformed import KINDS, Upload

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")


@cache
def _made() -> dict[str, list[Upload]]:
    """Many uploads by kind."""
    found: dict[str, list[Upload]] = {kind: [] for kind in KINDS}
    for upload in malformed.uploads(seed=3, count=1500):
        found[upload.kind].append(upload)
    return found


def _each(*kinds: str) -> Iterator[Upload]:
    for kind in kinds:
        yield from _made()[kind]


def _head(upload: Upload) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """First line, headers with names in lower case, body."""
    head, _, body = upload.request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    return first, headers, body


def _events(request: bytes) -> list[type]:
    """What a strict parser of HTTP makes of a request, until it wants more or gives up."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=10**7)
    connection.receive_data(request)
    seen: list[type] = []
    while not seen or seen[-1] not in (h11.EndOfMessage, h11.NEED_DATA):
        event = connection.next_event()
        seen.append(h11.NEED_DATA if event is h11.NEED_DATA else type(event))
    return seen


def test_a_seed_gives_the_same_bytes_again() -> None:
    once, again = (list(malformed.uploads(7, 200)) for _ in range(2))
    assert once == again
    assert [upload.request for upload in malformed.uploads(8, 200)] != [upload.request for upload in once]


@pytest.mark.parametrize("count", [1, 10, len(KINDS), 100, 1500])
def test_as_many_are_made_as_were_asked_for(count: int) -> None:
    made = [upload.kind for upload in malformed.uploads(1, count)]
    assert len(made) == count
    assert len(set(made)) == min(count, len(KINDS))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("broken HTTP", "client leaves")])
def test_all_but_the_broken_ones_are_proper_http(kind: str) -> None:
    for upload in _each(kind):
        if kind == "long body claimed":
            continue
        assert _events(upload.request)[-1] is h11.EndOfMessage


def test_broken_http_is_refused_by_a_strict_parser() -> None:
    for upload in _each("broken HTTP"):
        if upload.request.startswith(b"POST /analyze HTTP/9.9"):
            continue  # a version from the future is well-formed
        with pytest.raises(h11.RemoteProtocolError):
            _events(upload.request)


def test_clients_that_leave_have_not_said_everything() -> None:
    for upload in _each("client leaves"):
        assert upload.leaves
        assert _events(upload.request)[-1] is h11.NEED_DATA


def test_truncated_files_are_the_beginning_of_a_photo() -> None:
    for upload in _each("truncated"):
        assert any(
            len(upload.file) < len(photo) and photo.startswith(upload.file) for photo in malformed.photos().values()
        )


def test_flipped_files_differ_in_a_few_bits() -> None:
    for upload in _each("bits flipped"):
        distances = [
            sum((a ^ b).bit_count() for a, b in zip(photo, upload.file, strict=True))
            for photo in malformed.photos().values()
            if len(photo) == len(upload.file)
        ]
        assert 0 <= min(distances) <= 64
    assert sum(upload.file in malformed.photos().values() for upload in _each("bits flipped")) < 5  # flipped back again


def test_garbled_files_have_a_true_beginning() -> None:
    for upload in _each("garbled"):
        assert any(photo[:20] == upload.file[:20] and photo != upload.file for photo in malformed.photos().values())


def test_photos_to_spoil_are_photos() -> None:
    for suffix, data in malformed.photos().items():
        photo = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert photo.shape == (48, 64), suffix


def test_other_types_are_none_that_is_taken() -> None:
    for upload in _each("of another type", "noise"):
        assert not upload.file.startswith(_SIGNATURES)
        assert upload.file[8:12] != b"WEBP"
        assert upload.right == {415}


def test_bombs_claim_more_pixels_than_anybody_has_memory_for() -> None:
    assert set(malformed.bombs()) == set(malformed.SUFFIXES)
    for suffix, data in malformed.bombs().items():
        width, height = imagesize.get(io.BytesIO(data))
        assert width * height > 250e6, suffix
        assert len(data) < 2000
    assert imagesize.get(io.BytesIO(malformed.bombs()[".png"])) == (100_000, 100_000)


def test_the_true_bomb_unpacks_to_what_it_claims() -> None:
    data = malformed.true_bomb(2000)
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (2000, 2000)
    length = struct.unpack(">I", data[33:37])[0]
    assert data[37:41] == b"IDAT"
    assert len(zlib.decompress(data[41 : 41 + length])) == height * (width + 1)
    assert len(data) * 500 < height * width
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE).shape == (2000, 2000)


def test_files_without_bytes_and_without_pixels() -> None:
    assert {upload.file for upload in _each("no bytes")} == {b""}
    for upload in _each("no pixels"):
        assert 0 in struct.unpack(">II", upload.file[16:24])


def test_files_lie_in_a_form_as_they_are() -> None:
    for upload in _each(*malformed.FILES):
        assert b'name="image"; filename="photo' in upload.request
        assert upload.request.endswith(b"\r\n\r\n" + upload.file + b"\r\n--frontier--\r\n")


def test_there_are_ten_thousand_fields() -> None:
    for upload in _each("many fields"):
        assert upload.request.count(b"Content-Disposition: form-data") == malformed.FIELDS + 1


def test_headers_are_huge() -> None:
    for upload in _each("huge header"):
        assert upload.request.index(b"\r\n\r\n") > 90_000
    for upload in _each("huge part header"):
        body = upload.request.partition(b"\r\n\r\n")[2]
        assert body.index(b"\r\n\r\n") > 290_000 if b"\r\n\r\n" in body else len(body) > 290_000


def test_content_types_are_wrong() -> None:
    for upload in _each("wrong content type"):
        kind = _head(upload)[1][b"content-type"]
        assert not kind.startswith(b"multipart/form-data")
    for upload in _each("no content type"):
        assert b"content-type" not in _head(upload)[1]


def test_boundaries_are_missing_or_wrong() -> None:
    for upload in _each("missing or wrong boundary"):
        kind = _head(upload)[1][b"content-type"]
        assert kind.startswith(b"multipart/form-data")
        assert kind.partition(b"boundary=")[2] != b"frontier"


def test_bodies_are_empty_or_shorter_than_claimed() -> None:
    for upload in _each("empty body"):
        assert len(_head(upload)[2]) < 30
    for upload in _each("long body claimed"):
        _, headers, body = _head(upload)
        assert int(headers[b"content-length"]) >= 10**9 > len(body)


def test_routes_methods_and_parameters_are_wrong() -> None:
    for upload in _each("wrong place"):
        method, route, _ = _head(upload)[0].split(b" ")
        assert method != b"POST" or route.decode() not in malformed.ROUTES
    for upload in _each("wrong parameter"):
        assert b"?" in _head(upload)[0]


def test_two_photos_where_one_is_taken() -> None:
    for upload in _each("two photos"):
        assert upload.request.count(b'name="image"') == 2
        assert b"batch" not in _head(upload)[0]
