"""`tiles deploy check` against real servers: what agrees, what does not, what is no server of tiles, the canary."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.integration.delivery.conftest import Deploy
from tests.integration.serving.server import Server, serving
from tilecli.reporting.hosting import api

KEY = "a-key-of-the-line-1"


@pytest.fixture(scope="module")
def server(dark: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(dark, tmp_path_factory.mktemp("home"), TILES_API_KEYS=f"{KEY},another-key-of-it") as started:
        yield started


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six photos, one of them good, each another one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        image = photo(box=(12 * number, 20, 25, 10 + number) if number else None)
        (folder / f"{number}.png").write_bytes(encoded(image))
    return folder


@pytest.fixture
def asked(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """`deploy`, which does not wait long between tries."""
    monkeypatch.setattr(api.time, "sleep", lambda _: None)
    return deploy


@contextmanager
def another(answers: list[tuple[int, bytes]]) -> Iterator[str]:
    """A server that is none of tiles and gives these answers, the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_the_same_bundle_agrees(server: Server, deploy: Deploy, dark: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "server.env").write_text(f"# of line 7\nTILES_API_KEYS={KEY},another-key-of-it\n")
    arguments = ["check", server.url, "--bundle", dark, "--photos", photos, "--key-file", tmp_path / "server.env"]
    done = deploy(*arguments, "--sample", "4", "--max-ms", "20000", "--json")
    said = json.loads(done.stdout)
    assert said["passed"] is True
    assert (said["photos"], said["dice"], said["equal_pixels"], said["equal_verdicts"]) == (4, 1.0, 1.0, 1.0)
    assert [check["about"] for check in said["checks"]] == ["bundle", "masks", "verdicts", "latency"]
    assert KEY not in done.output
    shown = deploy(*arguments).output
    assert "✓ passed" in shown and "6 photos: 100.0 % of the pixels equal" in shown


def test_too_slow(server: Server, deploy: Deploy, dark: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILES_API_KEYS", KEY)
    said = deploy("check", server.url, "--bundle", dark, "--photos", photos, "--max-ms", "0.01", code=3).output
    assert "✗ stopped" in said and "✗ latency: p95" in said and "✓ masks" in said


def test_another_bundle_and_what_it_finds(dark: Path, deploy: Deploy, photos: Path, tmp_path: Path) -> None:
    write_dark_bundle(tmp_path / "keener", threshold=0.1)  # calls the surface itself defect
    with serving(tmp_path / "keener", tmp_path / "home") as keener:
        arguments = ["check", keener.url, "--bundle", dark, "--photos", photos]
        said = json.loads(deploy(*arguments, "--json", code=3).stdout)
        assert {check["about"]: check["passed"] for check in said["checks"]} == {
            "bundle": False,
            "masks": False,
            "verdicts": False,
        }
        assert said["settings_that_differ"]["threshold"] == [0.5, 0.1]
        assert said["equal_verdicts"] == pytest.approx(5 / 6)
        assert said["least_alike"][0] == {"photo": "0.png", "dice": 0.0, "verdict": "good", "their_verdict": "defect"}
        assert "threshold: 0.1 there, 0.5 here" in deploy(*arguments, code=3).output
        assert "✓ bundle" in deploy(*arguments, "--any-version", "--min-agreement", "0").output


def test_what_cannot_be_asked_is_one_error(
    server: Server, asked: Deploy, dark: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(*arguments: str | Path, code: int = 1) -> str:
        return asked("check", *arguments, "--bundle", dark, "--photos", photos, code=code).output

    assert "no key was sent" in said(server.url)
    assert "--key-file" in said(server.url)
    monkeypatch.setenv("TILES_API_KEYS", "not-the-key-of-the-line")
    output = said(server.url)
    assert "the key is not valid" in output and "not-the-key" not in output
    (tmp_path / "empty").write_text("\n")
    assert "there is no key in this file" in said(server.url, "--key-file", tmp_path / "empty", code=2)
    assert "the key cannot be read" in said(server.url, "--key-file", tmp_path / "none", code=2)
    assert "is no address to ask" in said("ftp://127.0.0.1", code=2)
    assert "is no address to ask" in said("127.0.0.1:8000", code=2)
    unreachable = said("http://127.0.0.1:9")
    assert "cannot be reached" in unreachable and "--wait" in unreachable
    (photos / "0.png").write_text("no photo")
    monkeypatch.setenv("TILES_API_KEYS", KEY)
    assert "0.png" in said(server.url)


def test_what_is_no_server_of_tiles(asked: Deploy, dark: Path, photos: Path) -> None:
    for answer in ((404, b"gone"), (200, b"<html>"), (200, b"[1]"), (200, b'{"version": "1"}')):
        with another([answer]) as url:
            said = asked("check", url, "--bundle", dark, "--photos", photos, code=1).output
        assert "`tiles serve` says" in said, said


def test_limits_and_failures_that_pass_are_waited_for(asked: Deploy, dark: Path, photos: Path) -> None:
    with another([(503, b"{}"), (429, b"{}"), (502, b""), (200, b'{"version": "1"}')]) as url:
        said = asked("check", url, "--bundle", dark, "--photos", photos, code=1).output
    assert "/v1/model lacks precision" in said  # so the fourth answer was waited for


def test_waiting_for_a_server_that_starts(dark: Path, deploy: Deploy, photos: Path, tmp_path: Path) -> None:
    with another([(503, b"starting")]) as url:
        begun = time.monotonic()
        said = deploy("check", url, "--wait", "1.2", "--bundle", dark, "--photos", photos, code=1).output
        assert "no server was ready within 1.2 s: it answers 503" in said
        assert time.monotonic() - begun < 10
    with serving(dark, tmp_path / "home", "--port", "0", ready=False) as server:
        server.wait_ready()
        deploy("check", server.url, "--wait", "60", "--bundle", dark, "--photos", photos)


def test_promote_or_hold(dark: Path, deploy: Deploy, photos: Path, tmp_path: Path) -> None:
    def report(server: Server, *arguments: str, code: int) -> dict[str, object]:
        done = deploy("check", "--shadow-report", server.url, *arguments, "--json", code=code)
        said = json.loads(done.stdout)
        return {"decision": said["decision"], **{check["about"]: check["passed"] for check in said["checks"]}}

    with serving(dark, tmp_path / "b") as shadow:
        options = ("--shadow", shadow.url, "--shadow-share", "1")
        with serving(dark, tmp_path / "a", *options) as server, server.client() as client:
            assert "nothing was compared yet" in deploy("check", server.url, "--shadow-report", code=3).output
            for number in range(210):
                data = (photos / f"{number % 6}.png").read_bytes()
                client.post("/analyze?format=png", files={"image": ("a.png", data)}).raise_for_status()
            until = time.monotonic() + 60
            while client.get("/v1/shadow").json()["mirrored"] < 210:
                assert time.monotonic() < until
                time.sleep(0.05)
            slack = ("--max-slower", "1000")  # this machine's times are not what is tested
            assert set(report(server, *slack, code=0).values()) == {"promote", True}
            assert report(server, *slack, "--min-requests", "211", code=3)["photos"] is False
            # All of 210 agree, which shows 98.2 % at least and no more.
            held = report(server, *slack, "--min-agreement", "0.99", code=3)
            assert (held["decision"], held["same answer"], held["masks"]) == ("hold", False, True)
            assert report(server, "--max-slower", "0", code=3)["latency"] is False
        with serving(dark, tmp_path / "c") as alone:
            said = deploy("check", "--shadow-report", alone.url, code=1).output
    assert "no other server gets copies" in said
