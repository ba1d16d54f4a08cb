import asyncio
from collections.abc import AsyncIterator

import pytest

from tilecli.serving.door.uploads import MAX_PARTS, Buffers, Part, parts, receive, split
from tilecli.serving.problems import Problem


async def stream(*chunks: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(pause)
        yield chunk


def form(*fields: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%b"; filename="f"\r\nContent-Type: image/png\r\n\r\n%b\r\n'
        % (name.encode(), data)
        for name, data in fields
    )
    return body + b"--b--\r\n"


def got(*chunks: bytes, declared: int | None = None, limit: int = 10, held: int = 100, pause: float = 0.0) -> bytes:
    buffers = Buffers(held)
    try:
        return asyncio.run(receive(stream(*chunks, pause=pause), declared, limit, buffers, 0.2))
    finally:
        assert buffers.held == 0


def test_receives_up_to_the_limit() -> None:
    assert got(b"12345", b"67890") == b"1234567890"


@pytest.mark.parametrize(
    ("chunks", "arguments", "status"),
    [
        ([], {"declared": 11}, 413),
        ([b"123456", b"67890"], {}, 413),
        ([b"123456"], {"held": 5}, 503),
        ([b"1", b"2", b"3"], {"pause": 0.15}, 408),
    ],
)
def test_bounds(chunks: list[bytes], arguments: dict[str, float], status: int) -> None:
    with pytest.raises(Problem) as caught:
        got(*chunks, **arguments)  # type: ignore[arg-type]  # a table of arguments
    assert caught.value.kind.status == status


def test_splits_a_form() -> None:
    found = split(form(("image", b"\x00\r\n--bb\r\n"), ("note", b"")), b"b")
    assert found == [Part("image", "f", "image/png", b"\x00\r\n--bb\r\n"), Part("note", "f", "image/png", b"")]


@pytest.mark.parametrize(
    "body", [b"", b"--b\r\n", form(("image", b"x"))[:-6], b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n", b"nonsense"]
)
def test_broken_forms(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        split(body, b"b")
    assert caught.value.kind.status == 400


def test_number_of_fields_is_bounded() -> None:
    assert len(split(form(*[("f", b"")] * MAX_PARTS), b"b")) == MAX_PARTS
    with pytest.raises(Problem) as caught:
        split(form(*[("f", b"")] * (MAX_PARTS + 1)), b"b")
    assert caught.value.kind.status == 400


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "image/jpeg; charset=binary"])
def test_a_photo_as_the_body(kind: str) -> None:
    (part,) = asyncio.run(parts(b"data", kind))
    assert (part.field, part.data) == ("image", b"data")


@pytest.mark.parametrize(("kind", "status"), [("", 415), ("application/json", 415), ("multipart/form-data", 400)])
def test_other_bodies(kind: str, status: int) -> None:
    with pytest.raises(Problem) as caught:
        asyncio.run(parts(b"{}", kind))
    assert caught.value.kind.status == status


def test_large_form_is_split_the_same() -> None:
    data = bytes(range(256)) * 8192
    (part,) = asyncio.run(parts(form(("image", data)), "multipart/form-data; boundary=b"))
    assert part.data == data
