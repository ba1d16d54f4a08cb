"""What a server does over its life: newer bundles, dead workers, too much work, slow clients, the end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.conftest import Tiles
from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.integration.serving.server import Server, serving

SMALL = encoded(photo())
# Slow enough that requests overlap: decoding and judging it takes tens of milliseconds.
LARGE = encoded(np.random.default_rng(0).integers(100, 200, (600, 800), np.uint8), ".jpg")


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)


def figure(client: httpx.Client, name: str) -> float:
    """The value of a figure without labels."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def version(client: httpx.Client) -> str:
    return str(client.get("/v1/model").json()["version"])


@pytest.fixture
def bundle(dark: Path, tmp_path: Path) -> Path:
    """A bundle of the test's own."""
    return Path(shutil.copytree(dark, tmp_path / "bundle"))


def replace(bundle: Path, **facts: float) -> None:
    """Put another bundle in its place, as `tiles export` does: the folder is renamed."""
    newer = bundle.parent / "newer"
    write_dark_bundle(newer, **facts)
    shutil.rmtree(bundle)
    newer.rename(bundle)


def test_newer_bundle_is_taken_up_while_requests_go_on(bundle: Path, tmp_path: Path) -> None:
    with serving(bundle, tmp_path / "home", "--reload", "0.2") as server, server.client() as client:
        before = version(client)
        seen: Counter[tuple[int, str]] = Counter()
        over = threading.Event()

        def ask() -> None:
            with server.client() as mine:
                while not over.is_set():
                    done = mine.post("/analyze", params={"format": "png"}, files={"image": ("a.png", SMALL)})
                    seen[done.status_code, done.headers["x-model-version"]] += 1

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.3)
        replace(bundle, threshold=0.7)
        wait_for(lambda: version(client) != before)
        time.sleep(0.3)
        over.set()
        asking.join()
        after = version(client)
        assert set(seen) == {(200, before), (200, after)}
        assert client.get("/v1/model").json()["threshold"] == 0.7
        assert 'tiles_reloads_total{result="done"} 1.0' in client.get("/metrics").text


def test_bundle_that_must_not_be_served_is_refused_and_the_old_one_goes_on(bundle: Path, tmp_path: Path) -> None:
    with serving(bundle, tmp_path / "home", "--reload", "0.2") as server, server.client() as client:
        before = version(client)
        with (bundle / "model.onnx").open("ab") as stream:
            stream.write(b"\0")
        (bundle / "bundle.json").write_text((bundle / "bundle.json").read_text() + "\n")
        server.wait_log("is not taken up")
        assert version(client) == before
        assert client.post("/v1/predict", files={"image": ("a.png", SMALL)}).json()["verdict"] == "defect"
        (bundle / "bundle.json").write_text("{}")
        wait_for(lambda: server.log.count("is not taken up") == 2)
        shutil.rmtree(bundle)
        time.sleep(0.5)
        assert client.get("/readyz").status_code == 200
        assert server.log.count("is not taken up") == 2


def test_hangup_looks_for_a_newer_bundle(bundle: Path, tmp_path: Path) -> None:
    with serving(bundle, tmp_path / "home", "--reload", "0") as server, server.client() as client:
        before = version(client)
        replace(bundle, threshold=0.7)
        time.sleep(0.5)
        assert version(client) == before
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: version(client) != before)


def test_dead_worker_is_replaced(dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", "--workers", "2") as server:
        children = subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True, text=True, check=True)
        first, second = (int(line) for line in children.stdout.split())
        os.kill(first, signal.SIGKILL)
        server.wait_log(f"worker {first} was ended by signal 9")
        for _ in range(20):
            with server.client() as client:
                assert client.post("/v1/predict", files={"image": ("a.png", SMALL)}).status_code == 200
                figures = client.get("/metrics").text
        counted = [line for line in figures.splitlines() if line.startswith('tiles_photos_total{verdict="defect"}')]
        assert float(counted[0].rsplit(" ", 1)[1]) == 20  # of all workers
        assert server.stop() == 0
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)


def test_worker_that_cannot_start_ends_it_with_its_reason(tmp_path: Path, tiles: Tiles) -> None:
    done = tiles("serve", "--bundle", tmp_path, "--port", "0", "--workers", "2", cwd=tmp_path, code=1)
    assert "there is no bundle here" in done.stderr
    assert "tiles export" in done.stderr


def ask_for(server: Server, photos: int, results: list[httpx.Response]) -> list[threading.Thread]:
    """Send a photo in each of so many threads; returns once the server has begun with all of them."""

    def ask() -> None:
        with server.client(timeout=300) as client:
            results.append(client.post("/analyze", params={"format": "png"}, files={"image": ("a.jpg", LARGE)}))

    asking = [threading.Thread(target=ask) for _ in range(photos)]
    for thread in asking:
        thread.start()
    with server.client() as client:
        # From then on each is owed an answer. The figure counts its own request, too.
        wait_for(lambda: len(results) + figure(client, "tiles_in_flight") > photos)
    return asking


def test_end_answers_what_was_accepted(dark: Path, tmp_path: Path) -> None:
    # However busy the machine is: a drain of 300 s is not used up, and fails the test if it is.
    with serving(dark, tmp_path / "home", "--queue", "64", "--drain", "300") as server:
        results: list[httpx.Response] = []
        asking = ask_for(server, 12, results)
        begun = time.monotonic()
        assert server.stop(signal.SIGTERM, 300) == 0
        for thread in asking:
            thread.join()
        assert [done.status_code for done in results] == [200] * 12
        assert time.monotonic() - begun < 60
        with pytest.raises(httpx.ConnectError), server.client() as client:
            client.get("/livez")


def test_what_is_not_done_in_time_is_sent_elsewhere(dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", "--queue", "64", "--drain", "0") as server:
        results: list[httpx.Response] = []
        asking = ask_for(server, 24, results)
        server.stop(signal.SIGTERM, 300)
        for thread in asking:
            thread.join()
        late = [done for done in results if done.status_code != 200]
        assert len(results) == 24
        assert late
        for done in late:
            assert done.status_code == 503
            assert done.json()["type"] == "urn:tiles:problem:stopping"
            assert done.headers["retry-after"] == "1"


def test_too_much_work_is_refused_quickly_and_gets_over(dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", "--queue", "4") as server:
        taken: dict[int, list[float]] = {200: [], 503: []}
        waits: set[str] = set()
        waiting: list[float] = []
        over = time.monotonic() + 3

        def ask() -> None:
            with server.client() as client:
                while time.monotonic() < over:
                    begun = time.monotonic()
                    done = client.post("/analyze", params={"format": "png"}, files={"image": ("a.jpg", LARGE)})
                    taken[done.status_code].append(time.monotonic() - begun)
                    if done.status_code == 503:
                        waits.add(done.headers["retry-after"])
                        time.sleep(0.02)

        def look() -> None:
            with server.client() as client:
                while time.monotonic() < over:
                    assert client.get("/livez").status_code == 200
                    waiting.append(figure(client, "tiles_waiting"))
                    time.sleep(0.05)

        with ThreadPoolExecutor(17) as pool:
            asked = [pool.submit(ask) for _ in range(16)] + [pool.submit(look)]
        for entry in asked:
            entry.result()
        assert taken[200]
        assert len(taken[503]) > 10
        assert all(int(wait) >= 1 for wait in waits)
        assert max(waiting) <= 4
        with server.client() as client:
            wait_for(lambda: figure(client, "tiles_waiting") == 0)
            assert client.post("/v1/predict", files={"image": ("a.png", SMALL)}).status_code == 200
        assert "Traceback" not in server.log


def test_slow_clients_do_not_block_others(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 100000\r\n\r\n--b\r\n"
    )
    slow = [socket.create_connection((host, int(port))) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(head)
        time.sleep(0.3)
        with server.client() as client:
            begun = time.monotonic()
            for _ in range(5):
                assert client.post("/v1/predict", files={"image": ("a.png", SMALL)}).status_code == 200
            assert time.monotonic() - begun < 10
    finally:
        for connection in slow:
            connection.close()


def test_photo_that_takes_too_long_gets_504(dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", "--timeout", "0.1", "--queue", "50") as server:

        def ask() -> int:
            with server.client() as client:
                return client.post("/analyze", files={"image": ("a.jpg", LARGE)}).status_code

        with ThreadPoolExecutor(20) as pool:
            codes = Counter(entry.result() for entry in [pool.submit(ask) for _ in range(20)])
        assert 504 in codes
        assert set(codes) <= {200, 504}
        with server.client() as client:
            wait_for(lambda: client.post("/v1/predict", files={"image": ("a.png", SMALL)}).status_code == 200)


def test_port_in_use(server: Server, dark: Path, tiles: Tiles, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = tiles("serve", "--bundle", dark, "--port", port, cwd=tmp_path, code=1)
    assert "cannot be listened on" in done.stderr
    assert f"--port {int(port) + 1}" in done.stderr


def test_other_machines_need_a_key(dark: Path, tiles: Tiles, tmp_path: Path) -> None:
    done = tiles("serve", "--bundle", dark, "--host", "0.0.0.0", cwd=tmp_path, code=2)  # noqa: S104 - refused
    assert "TILES_API_KEYS" in done.stderr


def test_needs_neither_torch_nor_dvc() -> None:
    code = (
        "import sys\nimport tilecli.serving.process.run\n"
        "heavy = {'torch', 'dvc', 'pytorch_lightning', 'albumentations', 'matplotlib', 'plotly'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
