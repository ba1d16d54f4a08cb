"""Drift, shadow and recording with real servers: what changed, what a second endpoint answered, what was kept."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.integration.serving.server import Server, serving
from tilecli.inference.bundle import write_bundle
from tilecli.inference.reference import Reference, describe, make_histogram


def shadow_report(server: Server, mirrored: int) -> dict[str, object]:
    until = time.monotonic() + 20
    while True:
        with server.client() as client:
            report = client.get("/v1/shadow").json()
        if report["mirrored"] >= mirrored:
            return dict(report)
        assert time.monotonic() < until, report
        time.sleep(0.05)


def test_two_servers_shadow_each_other_without_end(dark: Path, tmp_path: Path) -> None:
    keener = tmp_path / "keener"
    write_dark_bundle(keener, threshold=0.1)  # calls the surface itself defect
    image = photo()
    image[:5] = 90  # darker than the surface, not as dark as the box
    with serving(keener, tmp_path / "b") as other:
        options = ("--shadow", other.url, "--shadow-share", "1")
        with serving(dark, tmp_path / "a", *options) as server, server.client() as client:
            for _ in range(4):
                done = client.post("/v1/predict", files={"image": ("part.png", encoded(image))})
                assert done.status_code == 200
            report = shadow_report(server, 4)
            figures = client.get("/metrics").text
    ours = np.count_nonzero(image < 128)
    assert report["dice_pooled"] == 2 * ours / (ours + image.size)
    assert report["same_answer_share"] == 1.0
    assert report["dropped"] == 0
    assert 'tiles_shadow_photos{outcome="mirrored"} 4.0' in figures
    assert 'tiles_shadow{figure="same_answer_share"} 1.0' in figures
    assert 'tiles_shadow_photos{outcome="failed: timeout"} 0.0' in figures


def test_no_shadow_says_how_to_get_one(server: Server) -> None:
    with server.client() as client:
        done = client.get("/v1/shadow")
    assert done.status_code == 404
    assert "--shadow" in done.json()["hint"]


def test_recorded_photos_are_the_ones_that_came(dark: Path, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    data = encoded(photo(), ".jpg")
    with serving(dark, tmp_path / "home", "--record", str(folder), "--record-share", "1") as server:
        with server.client() as client:
            answer = client.post("/v1/predict", files={"image": ("line 7.jpg", data)}).json()
            until = time.monotonic() + 10
            while 'tiles_recorded_photos{outcome="kept"} 1.0' not in (figures := client.get("/metrics").text):
                assert time.monotonic() < until, figures
        server.stop()
    assert 'tiles_record_folder{unit="files"} 2.0' in figures
    (kept,) = folder.glob("*.jpg")
    facts = json.loads(kept.with_suffix(".json").read_text())
    assert kept.read_bytes() == data
    assert facts["verdict"] == "defect"
    assert facts["model"] == answer["model"]["version"]
    assert facts["name"] == "line 7.jpg"


def test_photos_that_become_darker_are_drift(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grey = rng.normal(150, 8, 400)  # of each photo

    def part(level: float) -> np.ndarray:
        return np.full((24, 24), round(level), np.uint8)

    seen = [describe(part(level)[:, :, None]) for level in grey]
    brightness, contrast = (make_histogram(column) for column in zip(*seen, strict=True))
    bundle = write_dark_bundle(tmp_path / "bundle")
    write_bundle(replace(bundle, reference=Reference(len(seen), brightness, contrast, make_histogram([0.1] * 400))))

    with serving(tmp_path / "bundle", tmp_path / "home") as server, server.client() as client:

        def show(levels: np.ndarray) -> dict[str, object]:
            for level in levels:
                client.post("/analyze?format=png", files={"image": ("a.png", encoded(part(level)))}).raise_for_status()
            return dict(client.get("/v1/drift").raise_for_status().json())

        assert show(grey[:20])["level"] == "too few"
        assert 'tiles_drift_psi{quantity="brightness"} 0.0' in client.get("/metrics").text
        like_before = show(grey[20:250])
        assert (like_before["level"], like_before["photos"]) == ("ok", 250)
        darker = show(rng.normal(135, 8, 250))
        assert darker["level"] == "drift"
        moved = darker["quantities"]["brightness"]  # type: ignore[index]
        assert moved["psi"] > 0.25
        assert moved["position"] < 0.4
        assert f'tiles_drift_psi{{quantity="brightness"}} {moved["psi"]}' in client.get("/metrics").text


def test_a_bundle_that_does_not_say_what_it_was_trained_on(server: Server) -> None:
    with server.client() as client:
        assert client.get("/v1/drift").json()["level"] == "no reference"
