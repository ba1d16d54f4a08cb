"""Thousands of malformed uploads against a real server: it says what is wrong with each, and is none the worse."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from tests import malformed
from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.integration.serving.server import Server, serving
from tests.malformed import KINDS, Upload
from tests.rawhttp import Answer, RawClient
from tilecli.inference.bundle import read_bundle, write_bundle

COUNT = 5000
WARM_UP = 400  # uploads after which the server's pools and caches have their size
CLIENTS = 4
MEMORY_MB = 10  # that resident memory may have grown by after COUNT uploads: 2 kB each


@pytest.fixture(scope="module")
def attacked(dark: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what these uploads do to it must not show in other tests.

    An engine keeps the room that the largest photo needed. Some broken headers make large photos of small ones; the
    limit keeps them from hiding, or passing for, memory that is lost.
    """
    with serving(dark, tmp_path_factory.mktemp("home"), "--max-megapixels", "1") as started:
        yield started


def statuses(upload: Upload, answer: Answer) -> list[int]:
    """What a request was answered with; for a batch that succeeded, what each of its photos was."""
    if answer.status != 200 or b"/v1/predict/batch" not in upload.request[:60]:
        return [answer.status]
    results = json.loads(answer.body)["results"]
    assert results
    return [entry["problem"]["status"] if "problem" in entry else 200 for entry in results]


def wrong_with(upload: Upload, answer: Answer | None) -> str:
    """Why this is no answer to give to this upload; empty where it is one."""
    if answer is None:
        return "the connection was closed without an answer"
    found = statuses(upload, answer)
    if not set(found) <= upload.right | {503}:
        return f"{found}, not {sorted(upload.right)}: {answer.body[:300]!r}"
    if answer.status < 400:
        return ""
    kind = answer.headers.get("content-type")
    if kind != "application/problem+json":
        return f"{answer.status} as {kind}: {answer.body[:300]!r}"
    document = json.loads(answer.body)
    texts = [document.get(name) for name in ("type", "title", "detail")]
    if document.get("status") != answer.status or not all(isinstance(text, str) and text for text in texts):
        return f"no problem document: {document}"
    return "no Retry-After" if answer.status == 503 and "retry-after" not in answer.headers else ""


def send_all(server: Server, uploads: list[Upload]) -> tuple[list[str], Counter[str], int]:
    """Send them over a few connections; what was wrong, how often which kind was answered, connections opened."""
    wrong: list[str] = []
    answered: Counter[str] = Counter()
    opened = 0

    def send(own: list[Upload]) -> None:
        nonlocal opened
        with RawClient(server.url) as client:
            for upload in own:
                if upload.leaves:
                    client.leave(upload.request)
                    continue
                answer = client.exchange(upload.request, keep=upload.keeps)
                words = wrong_with(upload, answer)
                with lock:
                    answered[upload.kind] += 1
                    wrong.extend([f"{upload.kind}: {words} to {upload.request[:200]!r}"] if words else [])
            with lock:
                opened += client.opened

    lock = threading.Lock()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, [uploads[start::CLIENTS] for start in range(CLIENTS)]))
    return wrong, answered, opened


def test_thousands_of_malformed_uploads(attacked: Server) -> None:
    wrong, _, _ = send_all(attacked, list(malformed.uploads(seed=1, count=WARM_UP)))
    assert not wrong, "\n".join(wrong[:10])
    before = attacked.memory_mb()

    uploads = list(malformed.uploads(seed=2, count=COUNT))
    start = time.monotonic()
    wrong, answered, connections = send_all(attacked, uploads)
    seconds = time.monotonic() - start
    after = attacked.memory_mb()
    print(f"{COUNT} uploads in {seconds:.1f} s; {before:.0f} → {after:.0f} MB; {connections} connections")

    assert not wrong, f"{len(wrong)} of {COUNT}:\n" + "\n".join(wrong[:20])
    assert set(answered) == set(KINDS) - {"client leaves"}
    # A refusal is no reason to hang up: only where the rest of a request cannot be told from the next is it.
    closing = sum(not upload.keeps or "huge" in upload.kind for upload in uploads)
    leaving = sum(upload.leaves for upload in uploads)  # on a connection of its own, between two others
    assert connections <= closing + 2 * leaving + CLIENTS
    assert after - before < MEMORY_MB, f"{before:.1f} → {after:.1f} MB"
    assert seconds < 60

    with attacked.client() as client:
        done = client.post("/v1/predict", files={"image": ("a.png", encoded(photo()))}).raise_for_status().json()
        assert (done["verdict"], [region["box"] for region in done["regions"]]) == ("defect", [[30, 20, 25, 10]])
        figures = client.get("/metrics").text
    assert 'code="500"' not in figures
    assert "Traceback" not in attacked.log


def test_a_broken_upload_does_not_fill_the_log(attacked: Server) -> None:
    before = len(attacked.lines)
    with RawClient(attacked.url) as client:
        for upload in malformed.uploads(seed=4, count=400):
            if upload.kind in ("broken form", "broken HTTP", "bomb", "of another type", "no bytes", "empty body"):
                client.exchange(upload.request, keep=upload.keeps)
    with attacked.client() as client:
        client.get("/livez").raise_for_status()
    assert len(attacked.lines) == before


def test_probes_are_answered_while_bombs_come_in(attacked: Server) -> None:
    bomb = malformed.post("/analyze", *malformed.form([malformed.part("image", malformed.true_bomb(), "a.png")]))
    over = time.monotonic() + 2
    refused: list[int] = []

    def throw() -> None:
        with RawClient(attacked.url) as client:
            while time.monotonic() < over:
                answer = client.exchange(bomb)
                refused.append(answer.status if answer is not None else 0)

    threads = [threading.Thread(target=throw) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    times = []
    with attacked.client() as client:
        while time.monotonic() < over:
            start = time.perf_counter()
            client.get("/livez").raise_for_status()
            times.append(time.perf_counter() - start)
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert len(refused) > 50
    assert set(refused) <= {413, 503}
    assert max(times) < 1  # none waited until the bombs were over


@pytest.mark.parametrize("size", [(1, 1000), (20_000, 1), (1, 1_000_000)])
def test_strips_that_scaling_would_blow_up_are_refused(strips: Server, size: tuple[int, int]) -> None:
    """Files of a hundred bytes that the network would see as gigabytes."""
    before = strips.memory_mb()
    with strips.client() as client:
        answer = client.post("/analyze", files={"image": ("strip.png", encoded(np.full(size, 90, np.uint8)))})
        assert answer.status_code == 413, answer.text[:300]
        assert "the network would see" in answer.json()["detail"]
        done = client.post("/analyze?format=png", files={"image": ("a.png", encoded(photo()))}).raise_for_status()
    assert cv2.imdecode(np.frombuffer(done.content, np.uint8), cv2.IMREAD_GRAYSCALE).shape == photo().shape
    assert strips.memory_mb() - before < 50


@pytest.fixture(scope="module")
def strips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose bundle scales photos to a short side of 224 px."""
    folder = tmp_path_factory.mktemp("scaled") / "bundle"
    write_dark_bundle(folder)
    bundle = read_bundle(folder)
    write_bundle(replace(bundle, input=replace(bundle.input, short_side=224)))
    with serving(folder, tmp_path_factory.mktemp("home")) as started:
        yield started


def test_a_client_that_leaves_is_no_failure_of_the_server(attacked: Server) -> None:
    def figure(name: str) -> float:
        with attacked.client() as client:
            lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    before = figure('tiles_requests_total{code="499"')
    whole = malformed.post("/analyze", *malformed.form([malformed.part("image", encoded(photo()), "a.png")]))
    with RawClient(attacked.url) as client:
        for _ in range(5):
            client.leave(whole[:-10])
    until = time.monotonic() + 10
    while figure('tiles_requests_total{code="499"') < before + 5:
        assert time.monotonic() < until, "they were not counted"
        time.sleep(0.05)
    assert "Traceback" not in attacked.log
    with httpx.Client(base_url=attacked.url, trust_env=False) as client:
        client.get("/readyz").raise_for_status()
