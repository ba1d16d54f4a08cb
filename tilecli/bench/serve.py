"""Serving: the server against its own engine, the engine against PyTorch in float32; U-Net/ResNet-34, 224 px."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli import progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.inference import write_speed_bundle
from tilecli.bench.load import Load, drive
from tilecli.bench.training import SIZE
from tilecli.data.preprocess import Float32, read_photo, resize_photo
from tilecli.data.sample import write_sample
from tilecli.evaluation.overlays import save
from tilecli.inference.engines import Engine, open_engine
from tilecli.inference.torch_engine import TorchEngine

SECONDS = 10.0  # of each load
CLIENTS = 8
RUNS = 21
_READY_S = 60.0
_PROBE_S = 0.1  # between probes


@dataclass
class Started:
    """A server that was started to be measured."""

    process: subprocess.Popen[bytes]
    url: str
    seconds: float  # from the process' start until it was ready

    def memory_mb(self) -> float:
        """Resident memory, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def measure() -> list[Figure]:
    """Latency and throughput, bare and served."""
    with tempfile.TemporaryDirectory() as folder, progress.task("bench serve", 6, "steps") as task:
        bundle, net = write_speed_bundle(Path(folder) / "bundle")
        photo = sample_photo(Path(folder))
        noise = np.random.default_rng(0).standard_normal((1, 3, SIZE, SIZE), np.float32)
        engine = open_engine(bundle)
        latency = _latency(engine, noise)
        limit = _limit(engine, noise)
        del engine
        task.advance()
        plain = _latency(TorchEngine(net, device="cpu"), noise)
        task.advance()
        name = f"openvino {bundle.precision}"
        figures = [
            Figure("one photo, torch fp32", plain * 1e3, "ms"),
            Figure(f"one photo, {name}", latency * 1e3, "ms", "torch fp32", plain / latency),
            Figure(f"engine's limit, {name}", limit, "photos/s"),
        ]
        with start_server(bundle.folder) as server:
            pass  # the model is compiled and kept: what counts is the start after that
        with start_server(bundle.folder) as server:
            target = f"{server.url}/analyze"
            drive(f"{target}?format=png", photo, 1, 1.0)
            alone = drive(f"{target}?format=png", photo, 1, SECONDS)
            task.advance()
            as_json = drive(f"{target}?format=json", photo, 1, SECONDS)
            task.advance()
            with _probing(server.url) as probes:
                many = drive(f"{target}?format=png", photo, CLIENTS, SECONDS)
            task.advance()
            memory = server.memory_mb()
        task.advance()
    png_p50, json_p50 = alone.quantile(0.5), as_json.quantile(0.5)
    return [
        *figures,
        Figure("start to ready", server.seconds, "s"),
        Figure("resident memory under load", memory, "MB"),
        Figure("one client, PNG, p50", png_p50 * 1e3, "ms", "one photo, bare", latency / png_p50),
        Figure("one client, JSON, p50", json_p50 * 1e3, "ms", "PNG", png_p50 / json_p50),
        Figure(f"{CLIENTS} clients, PNG", many.rate, "photos/s", "engine's limit", many.rate / limit),
        *_quantiles(f"{CLIENTS} clients, PNG", many),
        Figure("probe under that load, p99", sorted(probes)[round(0.99 * (len(probes) - 1))] * 1e3, "ms"),
    ]


def sample_photo(folder: Path) -> Path:
    """A photo of the built-in sample, brought to the network's size."""
    write_sample(folder / "sample", tiles=1, seed=0)
    drawn = min((folder / "sample").rglob("*.jpg"))
    photo = folder / "photo.jpg"
    save(photo, resize_photo(read_photo(drawn, 1), (SIZE, SIZE))[:, :, 0])
    return photo


def _quantiles(name: str, load: Load) -> list[Figure]:
    return [Figure(f"{name}, p{share * 100:.0f}", load.quantile(share) * 1e3, "ms") for share in (0.5, 0.95, 0.99)]


def _latency(engine: Engine, noise: Float32) -> float:
    """Seconds for one photo, alone."""
    engine.run(noise)
    return median_seconds(lambda: engine.run(noise), runs=RUNS)


def _limit(engine: Engine, noise: Float32) -> float:
    """Photos per second that the engine can do where nothing else is done."""
    number = max(40, round(SECONDS / 2 / median_seconds(lambda: engine.run(noise), runs=3)))
    with ThreadPoolExecutor(engine.streams + 1) as pool:
        begun = time.perf_counter()
        for _ in pool.map(lambda _: engine.run(noise), range(number)):
            pass
    return number / (time.perf_counter() - begun)


@contextlib.contextmanager
def start_server(bundle: Path) -> Iterator[Started]:
    """`tiles serve` as it comes, on a free port of loopback."""
    # Random weights say 0.5 everywhere: at that threshold their masks would be noise, which no photo of a part gives.
    options = ["--port", "0", "--threshold", "0.9"]
    command = [sys.executable, "-m", "tilecli", "serve", "--bundle", str(bundle), *options]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"})
    try:
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        line = b""
        while not line.startswith(b"ready on"):
            line = process.stderr.readline()
            if not line or time.perf_counter() - begun > _READY_S:
                raise RuntimeError("the server did not start")
        seconds = time.perf_counter() - begun
        threading.Thread(target=process.stderr.read, daemon=True).start()  # the pipe must not fill
        url = line.split()[2].rstrip(b":").decode()
        with urllib.request.urlopen(f"{url}/readyz") as answer:  # noqa: S310 - our own loopback address
            answer.read()
        yield Started(process, url, seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def _probing(url: str) -> Iterator[list[float]]:
    """Seconds that each probe took, asked all the while."""
    found: list[float] = []
    over = threading.Event()

    def probe() -> None:
        while not over.wait(_PROBE_S):
            begun = time.perf_counter()
            with urllib.request.urlopen(f"{url}/livez") as answer:  # noqa: S310 - our own loopback address
                answer.read()
            found.append(time.perf_counter() - begun)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
