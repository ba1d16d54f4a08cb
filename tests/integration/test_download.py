"""Downloads from a real server on loopback that misbehaves the way servers and networks do."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import progress
from tilecli.config import DataParams
from tilecli.data.download import download
from tilecli.data.fetch import fetch_dataset
from tilecli.data.partfile import is_whole, record_of
from tilecli.errors import DataError, DownloadError, MissingExtraError
from tilecli.layout import Project

CONTENT = np.random.default_rng(0).bytes(300_000)
CHANGED = np.random.default_rng(1).bytes(250_000)
QUICK = 0.01  # first wait, s


class Server:
    """Serves `content`; `plan` says, request by request, what goes wrong (see `cut`, `status`, `slowly`)."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.headers: dict[str, str] = {"ETag": '"one"'}
        self.ranges = True
        self.heeds_if_range = True
        self.plan: list[Callable[[BaseHTTPRequestHandler, bytes], None]] = []
        self.requests: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/sets/line3.zip"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = {name.title(): value for name, value in handler.headers.items()}
        self.requests.append(asked)
        start, body = 0, self.content
        same = not self.heeds_if_range or asked.get("If-Range") in (None, self.headers.get("ETag"))
        if "Range" in asked and self.ranges and same:
            start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
            body = self.content[start:]
        act = self.plan.pop(0) if self.plan else send
        if getattr(act, "is_status", False):
            act(handler, body)
            return
        if start >= len(self.content):
            status(416)(handler, b"")
            return
        handler.send_response(206 if start else 200)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        act(handler, body)

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.wfile.write(body)


def cut(size: int) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """The connection breaks after `size` bytes of the announced ones."""

    def act(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        handler.wfile.write(body[:size])
        handler.wfile.flush()
        handler.close_connection = True

    return act


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """An answer without the file."""

    def act(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    act.is_status = True
    return act


def slowly(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """A fifth of it, then nothing for as long as the client stays."""
    handler.wfile.write(body[: len(body) // 5])
    handler.wfile.flush()
    time.sleep(5)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy that this machine needs knows nothing of our server
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "line3.zip"


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def leave_part(server: Server, target: Path, size: int = 100_000) -> None:
    """An interrupted download, as an earlier run leaves it."""
    server.plan = [cut(size)]
    with pytest.raises(DownloadError):
        download(server.url, target, attempts=1)
    server.requests.clear()
    assert names(target) == ["line3.zip.part", "line3.zip.part.json"]


def test_a_whole_file_is_recorded_and_not_asked_for_again(server: Server, target: Path) -> None:
    events: list[progress.Event] = []
    with progress.listen(events.append):
        assert download(server.url, target) == target
    assert target.read_bytes() == CONTENT
    record = json.loads(record_of(target).read_text())
    assert record["size"] == len(CONTENT)
    assert record["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert record["etag"] == '"one"' and record["url"] == server.url
    assert names(target) == ["line3.zip", "line3.zip.json"]
    assert events[0].unit == "B" and (events[-1].kind, events[-1].done) == ("end", len(CONTENT))

    download("http://127.0.0.1:9/unreachable.zip", target)
    assert len(server.requests) == 1


def test_a_file_that_was_tampered_with_is_fetched_anew(server: Server, target: Path) -> None:
    download(server.url, target)
    target.write_bytes(CONTENT[:-1] + b"?")
    assert not is_whole(target)
    download(server.url, target)
    assert target.read_bytes() == CONTENT and len(server.requests) == 2


def test_an_interruption_is_resumed_at_once(server: Server, target: Path) -> None:
    server.plan = [cut(100_000), cut(50_000)]
    download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert server.requests[1]["If-Range"] == '"one"'
    assert names(target) == ["line3.zip", "line3.zip.json"]


def test_an_interruption_is_resumed_by_the_next_run(server: Server, target: Path) -> None:
    leave_part(server, target)
    download(server.url, target)
    assert target.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == ["bytes=100000-"]


@pytest.mark.parametrize("headers", [{"ETag": 'W/"one"'}, {"Last-Modified": "Sat, 09 May 2020 14:00:00 GMT"}])
def test_weaker_marks_serve_to_resume_too(server: Server, target: Path, headers: dict[str, str]) -> None:
    server.headers, server.heeds_if_range = headers, False
    leave_part(server, target)
    download(server.url, target)
    assert target.read_bytes() == CONTENT and len(server.requests) == 1
    assert server.requests[0]["Range"] == "bytes=100000-"


def test_without_any_mark_nothing_is_pieced_together(server: Server, target: Path) -> None:
    server.headers = {}
    server.plan = [cut(100_000)]
    download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, None]


def test_a_server_without_ranges_sends_it_all_again(server: Server, target: Path) -> None:
    server.ranges = False
    server.plan = [cut(100_000)]
    download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CONTENT and len(server.requests) == 2


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changed_meanwhile_is_not_mixed(server: Server, target: Path, heeds_if_range: bool) -> None:
    leave_part(server, target)
    server.content, server.headers, server.heeds_if_range = CHANGED, {"ETag": '"two"'}, heeds_if_range
    download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CHANGED
    assert json.loads(record_of(target).read_text())["etag"] == '"two"'


def test_a_file_that_shrank_is_fetched_anew(server: Server, target: Path) -> None:
    leave_part(server, target, 260_000)
    server.content, server.heeds_if_range = CHANGED, False  # the range lies behind its end: 416
    download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CHANGED


def test_a_part_that_is_whole_needs_no_network(server: Server, target: Path) -> None:
    leave_part(server, target)
    with Path(f"{target}.part").open("ab") as part:  # as if the power failed before the renaming
        part.write(CONTENT[100_000:])
    download(server.url, target)
    assert target.read_bytes() == CONTENT and not server.requests


def test_a_part_that_nobody_vouches_for_is_not_used(server: Server, target: Path) -> None:
    target.parent.mkdir()
    Path(f"{target}.part").write_bytes(b"rubbish")
    download(server.url, target)
    assert target.read_bytes() == CONTENT and "Range" not in server.requests[0]


def test_errors_that_pass_are_waited_out(server: Server, target: Path) -> None:
    server.plan = [status(503), status(500), status(429)]
    events: list[progress.Event] = []
    with progress.listen(events.append):
        download(server.url, target, first_wait_s=QUICK)
    assert target.read_bytes() == CONTENT and len(server.requests) == 4
    notes = [event.text for event in events if event.kind == "note"]
    assert notes[0] == "the server answered 503 Service Unavailable; the next try is in 0.01 s"
    assert notes[2].endswith("in 0.04 s")


def test_the_servers_own_waiting_time_counts(server: Server, target: Path) -> None:
    server.plan = [status(503, Retry_After="0"), status(503, Retry_After="Sat, 09 May 2020 14:00:00 GMT")]
    began = time.monotonic()
    download(server.url, target, first_wait_s=30)
    assert time.monotonic() - began < 20
    server.plan = [status(429, Retry_After="1")]
    target.unlink()
    began = time.monotonic()
    download(server.url, target, first_wait_s=0)
    assert time.monotonic() - began >= 1


def test_it_gives_up_in_the_end_and_keeps_what_came(server: Server, target: Path) -> None:
    server.plan = [cut(1000), *(status(502) for _ in range(20))]
    with pytest.raises(DownloadError, match=r"failed 4 times: .*502.*1,000 bytes are kept") as caught:
        download(server.url, target, attempts=4, first_wait_s=QUICK)
    assert len(server.requests) == 4
    assert caught.value.where == server.url and "--source PATH" in str(caught.value.hint)
    assert names(target) == ["line3.zip.part", "line3.zip.part.json"]


def test_a_server_that_never_sends_what_it_announced(server: Server, target: Path) -> None:
    server.headers = {}  # nothing to resume by, so every try begins anew and ends in the same place
    server.plan = [cut(100_000)] * 9
    with pytest.raises(DownloadError):
        download(server.url, target, attempts=3, first_wait_s=QUICK)
    assert len(server.requests) == 3 and not target.exists()


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_errors_that_stay_are_not_retried(server: Server, target: Path, code: int) -> None:
    server.plan = [status(code)] * 2
    with pytest.raises(DownloadError, match=str(code)):
        download(server.url, target)
    assert len(server.requests) == 1


def test_nobody_there(target: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a.zip"
        with pytest.raises(DownloadError, match="refused") as caught:
            download(url, target, attempts=2, first_wait_s=QUICK)
    assert "local archive" in str(caught.value.hint)


@pytest.mark.parametrize("url", ["http://[bad/a.zip", "http://h:port/a.zip", "ftp://h/a.zip", "http:///a.zip"])
def test_what_is_no_address(target: Path, url: str) -> None:
    with pytest.raises(DownloadError):
        download(url, target, attempts=1)


def test_redirects_are_followed_but_not_in_circles(server: Server, target: Path) -> None:
    server.plan = [status(302, Location=server.url)]
    download(server.url, target)
    assert target.read_bytes() == CONTENT
    target.unlink()
    server.plan = [status(302, Location=server.url)] * 50
    with pytest.raises(DownloadError, match="circles"):
        download(server.url, target)


def test_compression_on_the_way_is_not_asked_for_and_not_undone(server: Server, target: Path) -> None:
    server.headers["Content-Encoding"] = "x-gzip"  # how some servers mark a .tar.gz
    download(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_secrets_of_the_address_are_written_nowhere(server: Server, target: Path) -> None:
    url = server.url.replace("http://", "http://user:hunter2@") + "?token=hunter2"
    server.plan = [cut(10)]
    with pytest.raises(DownloadError) as caught:
        download(url, target, attempts=1)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in Path(f"{target}.part.json").read_text()
    download(url, target)
    assert "hunter2" not in record_of(target).read_text()


def test_without_httpx_the_extra_is_named(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)  # how Python marks a module that cannot be imported
    with pytest.raises(MissingExtraError, match=r"httpx") as caught:
        download("http://127.0.0.1:9/a.zip", target)
    assert caught.value.hint == 'pip install "tilecli[train]"'


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT as a terminal does")
def test_ctrl_c_leaves_the_part_and_nothing_else(server: Server, target: Path) -> None:
    server.plan = [slowly]
    code = (
        "import sys, pathlib; from tilecli.data.download import download; "
        "download(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, server.url, str(target)], stderr=subprocess.PIPE, text=True)
    part = Path(f"{target}.part")
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= len(CONTENT) // 5) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=20)[1]
    assert names(target) == ["line3.zip.part", "line3.zip.part.json"]
    download(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.requests[1]["Range"] == f"bytes={len(CONTENT) // 5}-"


def archive_of_photos() -> bytes:
    photo = np.random.default_rng(2).integers(0, 255, (20, 30), np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("set-main/images/a.jpg", bytes(cv2.imencode(".jpg", photo)[1]))
        archive.writestr("set-main/masks/a.png", bytes(cv2.imencode(".png", photo)[1]))
    return out.getvalue()


def test_an_address_as_a_source(server: Server, tmp_path: Path) -> None:
    server.content = archive_of_photos()
    project, params = Project(tmp_path), DataParams(sources=(server.url + "?key=1",))
    photos = fetch_dataset(project, params)
    assert [(photo.photo, photo.source) for photo in photos] == [("a", "line3")]
    fetch_dataset(project, params)
    assert len(server.requests) == 1
    (archive,) = project.downloads.glob("*.zip")
    assert archive.name.startswith("line3-")


def test_a_login_page_is_not_kept_as_the_archive(server: Server, tmp_path: Path) -> None:
    server.content = b"<!DOCTYPE html><title>Sign in</title>"
    project, params = Project(tmp_path), DataParams(sources=(server.url,))
    with pytest.raises(DataError, match=r"no archive: it begins with b'<!DOCTYPE") as caught:
        fetch_dataset(project, params)
    assert caught.value.where == server.url
    assert list(project.downloads.iterdir()) == []
    server.content = archive_of_photos()
    assert len(fetch_dataset(project, params)) == 1


def test_a_damaged_archive_is_fetched_anew_next_time(server: Server, tmp_path: Path) -> None:
    whole = archive_of_photos()
    server.content = whole[:-40]
    project, params = Project(tmp_path), DataParams(sources=(server.url,))
    with pytest.raises(DataError, match="damaged"):
        fetch_dataset(project, params)
    assert not project.dataset.exists()
    server.content = whole
    assert len(fetch_dataset(project, params)) == 1
