"""Mirroring to real endpoints on loopback: ones that agree, differ, dawdle, break, lie or are not there."""

from __future__ import annotations

import json
import logging
import random
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import cv2
import numpy as np
import pytest

from tests.unit.serving.watch.endpoint import Answer, Endpoint, Photo, bright, drip, endpoint, hang_up, png, send, slow
from tilecli.data.preprocess import Uint8
from tilecli.errors import UsageError
from tilecli.serving.watch.agreement import FAILURES, ShadowReport
from tilecli.serving.watch.shadow import Shadow

Make = Callable[..., Shadow]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Shadow] = []

    def start(url: str, share: float = 1.0, **more: object) -> Shadow:
        made.append(Shadow(url, share, **more))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for shadow in made:
        shadow.close()


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with endpoint() as running:
        yield running


def _photo(seed: int, size: tuple[int, int] = (24, 36)) -> tuple[bytes, Uint8]:
    """A photo as PNG and the mask that `bright` finds in it."""
    grey = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return png(grey), np.asarray(grey > 127, np.uint8)


def _settled(shadow: Shadow, photos: int) -> ShadowReport:
    """The report once so many photos have been dealt with."""
    end = time.monotonic() + 10
    while True:
        report = shadow.report()
        if report.mirrored + report.dropped + sum(report.failed.values()) >= photos:
            return report
        assert time.monotonic() < end, report
        time.sleep(0.005)


def test_an_endpoint_that_agrees(make: Make, server: Endpoint) -> None:
    shadow = make(server.url + "/", api_key="secret")
    data = [_photo(seed) for seed in range(8)]
    for number, (photo, mask) in enumerate(data):
        shadow.offer(photo, f"tile {number}.png", "image/png", mask, 7.0)
    report = _settled(shadow, 8)
    assert (report.offered, report.mirrored, report.dropped, report.waiting) == (8, 8, 0, 0)
    assert (report.dice_pooled, report.dice_mean, report.identical_share, report.same_answer_share) == (1, 1, 1, 1)
    assert report.ms == {"p50": 7.0, "p95": 7.0, "p99": 7.0}
    assert report.their_ms is not None
    assert 0 < report.their_ms["p50"] <= report.their_ms["p99"] < 5000
    assert report.their_models == {"0123456789ab": 8}
    assert (report.least_alike, report.last_error, sum(report.failed.values())) == ([], None, 0)
    assert sorted(server.photos) == sorted((f"tile {i}.png", "image/png", photo) for i, (photo, _) in enumerate(data))
    for path, headers in server.requests:
        assert path == "/analyze?format=png"
        assert headers["x-tiles-shadow"] == "1"
        assert headers["x-api-key"] == "secret"


def test_an_endpoint_that_differs(make: Make, server: Endpoint) -> None:
    shadow = make(server.url)
    photo, mask = _photo(0)
    shadow.offer(photo, "same", "image/png", mask * 255, 1.0)
    shadow.offer(photo, "opposite", "image/png", 1 - mask, 1.0)
    shadow.offer(photo, "nothing", "image/png", np.zeros_like(mask), 1.0)
    report = _settled(shadow, 3)
    marked, rest = int(mask.sum()), int((1 - mask).sum())
    assert report.dice_pooled == pytest.approx(2 * marked / (marked + rest + 3 * marked))
    assert report.dice_mean == pytest.approx(1 / 3)
    assert report.same_answer_share == pytest.approx(2 / 3)
    assert (report.marked_share, report.their_marked_share) == (pytest.approx(2 / 3), 1.0)
    assert {item["name"] for item in report.least_alike} == {"opposite", "nothing"}


def test_masks_of_0_and_1_are_understood(make: Make, server: Endpoint) -> None:
    photo, mask = _photo(0)
    server.answer = send(png(mask))
    shadow = make(server.url)
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    assert _settled(shadow, 1).dice_pooled == 1.0


def test_chance_mirrors_the_share_that_was_asked_for(make: Make, server: Endpoint) -> None:
    shadow = make(server.url, share=0.25, chance=random.Random(5), backlog=1000)
    draws = random.Random(5)
    wanted = [f"{number}" for number in range(200) if draws.random() < 0.25]
    photo, mask = _photo(0)
    for number in range(200):
        shadow.offer(photo, f"{number}", "image/png", mask, 1.0)
    report = _settled(shadow, len(wanted))
    assert report.offered == 200
    assert report.mirrored == len(wanted) > 20
    assert sorted(name for name, _, _ in server.photos) == sorted(wanted)


def test_a_slow_endpoint_holds_up_nobody(make: Make, server: Endpoint) -> None:
    server.answer = slow(0.5)
    shadow = make(server.url, backlog=8)
    photo, mask = _photo(0)
    start = time.monotonic()
    for _ in range(200):
        shadow.offer(photo, "a", "image/png", mask, 1.0)
    assert time.monotonic() - start < 20  # 200 answers of the endpoint take 100 s
    report = shadow.report()
    assert report.offered == 200
    assert report.waiting <= 8
    assert report.dropped >= 200 - 8 - 2 - 1
    assert report.dropped + report.waiting + report.mirrored <= 200
    shadow.close(timeout=2)
    assert shadow.report().dropped >= report.dropped


def test_waiting_photos_are_bounded_in_bytes(make: Make, server: Endpoint) -> None:
    server.answer = slow(5)
    shadow = make(server.url, backlog=1000, timeout_s=30)
    mask = np.zeros((2000, 2000), np.uint8)
    for _ in range(40):
        shadow.offer(b"", "a", "image/png", mask, 1.0)
    report = shadow.report()
    assert report.waiting <= 64 * 2**20 // mask.nbytes
    assert report.dropped >= 40 - 64 * 2**20 // mask.nbytes - 2
    shadow.close(timeout=0.1)


def _failures(report: ShadowReport) -> dict[str, int]:
    return {reason: count for reason, count in report.failed.items() if count}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_dead_endpoint_is_counted_and_logged_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    shadow = make(f"http://user:password@127.0.0.1:{_free_port()}")
    photo, mask = _photo(0)
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            shadow.offer(photo, "a", "image/png", mask, 1.0)
        report = _settled(shadow, 10)
    assert _failures(report) == {"connect": 10}
    assert report.last_error is not None
    assert "no connection" in report.last_error
    assert report.last_error_at is not None
    assert len(caplog.records) == 1
    assert "password" not in caplog.text + json.dumps(report.as_dict())


def test_an_endpoint_that_comes_back_is_used_again(make: Make) -> None:
    port = _free_port()
    shadow = make(f"http://127.0.0.1:{port}")
    photo, mask = _photo(0)
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    assert _failures(_settled(shadow, 1)) == {"connect": 1}
    for round_ in (1, 2):  # the second time, the connection that was kept is a dead one
        with endpoint(port=port):
            shadow.offer(photo, "a", "image/png", mask, 1.0)
            assert _settled(shadow, round_ + 1).mirrored == round_


def test_an_endpoint_that_does_not_answer_in_time(make: Make, server: Endpoint) -> None:
    server.answer = slow(1)
    shadow = make(server.url, timeout_s=0.1)
    photo, mask = _photo(0)
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    report = _settled(shadow, 1)
    assert _failures(report) == {"timeout": 1}
    assert report.last_error == f"{server.url}: no answer within 0.1 s"


def test_an_answer_that_drips_ends_with_the_time_limit(make: Make, server: Endpoint) -> None:
    server.answer = drip(60)
    shadow = make(server.url, timeout_s=0.3)
    photo, mask = _photo(0)
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    assert _failures(_settled(shadow, 1)) == {"timeout": 1}


def _no_end(handler: BaseHTTPRequestHandler, photo: Photo) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"\0" * 10**6)


def _bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


_GREY = np.random.default_rng(0).integers(0, 256, (24, 36), np.uint8)
_WRONG: dict[str, tuple[Answer, str, str]] = {
    "text": (send(b"hello"), "bad answer", "no PNG: hello"),
    "nothing": (send(b""), "bad answer", "no PNG"),
    "json": (send(b'{"pred": [[0]]}', Content_Type="application/json"), "bad answer", "no PNG"),
    "jpeg": (send(bytes(cv2.imencode(".jpg", _GREY)[1])), "bad answer", "no PNG"),
    "a photo": (send(png(_GREY)), "bad answer", "more than two values"),
    "cut short": (send(png(_GREY)[:40]), "bad answer", "cannot be decoded"),
    "another size": (send(png(np.zeros((36, 24), np.uint8))), "size", "24×36 px, the photo 36×24 px"),
    "a bomb": (send(_bomb()), "size", "100000×100000 px"),
    "no end": (_no_end, "bad answer", "longer than"),
    "broken gzip": (send(b"\x1f\x8bxxxx", Content_Encoding="gzip"), "bad answer", "cannot be unpacked"),
    "hanging up": (hang_up, "broken off", "broken off"),
    "a refusal": (
        send(b'{"title": "No key", "detail": "send a key\\n\\u001b[31m"}', 401),
        "status 4xx",
        "answered 401 Unauthorized: send a key [31m",
    ),
    "a failure": (send(b"oops", 500), "status 5xx", "answered 500 Internal Server Error: oops"),
    "a list": (send(b"[1]", 503), "status 5xx", "503"),
    "another place": (send(b"", 307, Location="http://127.0.0.1:9/"), "status 3xx", "307"),
    "no content": (send(b"", 204), "bad answer", "204"),
}


@pytest.mark.parametrize("name", _WRONG)
def test_wrong_answers_are_told_apart(make: Make, server: Endpoint, name: str) -> None:
    server.answer, reason, words = _WRONG[name]
    shadow = make(server.url)
    photo, mask = _photo(0)
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    report = _settled(shadow, 1)
    assert _failures(report) == {reason: 1}
    assert report.last_error is not None
    assert words in report.last_error
    assert report.last_error.isprintable()
    server.answer = bright
    shadow.offer(photo, "a", "image/png", mask, 1.0)
    assert _settled(shadow, 2).dice_pooled == 1.0


def test_every_reason_can_be_read_from_the_start(make: Make, server: Endpoint) -> None:
    assert make(server.url).report().failed == dict.fromkeys(FAILURES, 0)


@pytest.mark.parametrize("name", ['"; drop=\r\nX: y', "ü\udcff.png", "", "x" * 5000])
@pytest.mark.parametrize("content_type", ["image/png\r\nX: y", "", "image/png"])
def test_strange_names_and_types_change_nothing(make: Make, server: Endpoint, name: str, content_type: str) -> None:
    shadow = make(server.url)
    photo, mask = _photo(0)
    shadow.offer(photo, name, content_type, mask, 1.0)
    assert _settled(shadow, 1).dice_pooled == 1.0
    assert server.photos[0][1:] == ("image/png" if content_type == "image/png" else "application/octet-stream", photo)


def test_a_new_model_starts_a_new_count(make: Make, server: Endpoint) -> None:
    server.answer = slow(0.3)
    shadow = make(server.url)
    photo, mask = _photo(0)
    shadow.offer(photo, "old model", "image/png", 1 - mask, 1.0)
    shadow.start_over()
    server.answer = bright
    shadow.offer(photo, "new model", "image/png", mask, 1.0)
    _settled(shadow, 1)
    time.sleep(0.5)
    report = shadow.report()
    assert (report.mirrored, report.dice_pooled, report.offered) == (1, 1.0, 1)
    assert len(server.photos) == 2


def test_many_threads_may_offer_at_once(make: Make, server: Endpoint) -> None:
    shadow = make(server.url, backlog=200)
    photo, mask = _photo(0)
    threads = [
        threading.Thread(target=lambda: [shadow.offer(photo, "a", "image/png", mask, 1.0) for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = _settled(shadow, 100)
    assert (report.offered, report.mirrored, report.dice_pooled) == (100, 100, 1.0)


def test_closing_does_not_wait_for_what_takes_too_long(make: Make, server: Endpoint) -> None:
    server.answer = slow(60)
    shadow = make(server.url, timeout_s=30)
    photo, mask = _photo(0)
    for _ in range(10):
        shadow.offer(photo, "a", "image/png", mask, 1.0)
    start = time.monotonic()
    shadow.close(timeout=0.2)
    assert time.monotonic() - start < 20
    assert shadow.report().dropped >= 8
    shadow.offer(photo, "late", "image/png", mask, 1.0)
    assert shadow.report().offered == 11


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8001",
        "ftp://host/",
        "file:///etc/passwd",
        "http://",
        "http:///analyze",
        "http://host:99999",
        "http://host:x",
        "http://ho st/",
        "http://host/?a=b",
        "http://host/#a",
        "http://[::1",
        "javascript:alert(1)",
        "http://host\n.example/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        Shadow(url)
    assert refused.value.where == "--shadow"


@pytest.mark.parametrize(
    "more", [{"share": 0.0}, {"share": 1.5}, {"timeout_s": 0}, {"backlog": 0}, {"api_key": "a\nb"}, {"api_key": "ü"}]
)
def test_settings_that_make_no_sense_are_refused(more: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Shadow("http://127.0.0.1:1", **more)  # type: ignore[arg-type]
