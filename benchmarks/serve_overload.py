"""Ten times more than the server can do, for a minute: how quickly it says no, and whether it gets over it.

    python benchmarks/serve_overload.py [SECONDS]    default: 60

U-Net/ResNet-34 at 224 px as in `tiles bench serve`. First a calm load, which tells what the server can do; then clients
that ask ten times as often as that, whatever they are told; then the calm load again.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from tilecli.bench.inference import write_speed_bundle
from tilecli.bench.load import Load, drive
from tilecli.bench.serve import sample_photo, start_server

CALM_CLIENTS, CALM_S, FACTOR = 4, 10.0, 10


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        bundle, _ = write_speed_bundle(Path(folder) / "bundle")
        photo = sample_photo(Path(folder))
        with start_server(bundle.folder) as server:
            url = f"{server.url}/analyze?format=png"
            drive(url, photo, 1, 1.0)
            before = drive(url, photo, CALM_CLIENTS, CALM_S)
            say("calm", before)
            memory = server.memory_mb()
            storm = overload(url, photo.read_bytes(), before.rate * FACTOR, seconds)
            say(f"{FACTOR} x that for {seconds:g} s", storm)
            refused = storm.latencies.get(503, [])
            print(f"  refused: {len(refused)}, p50 {storm.quantile(0.5, 503) * 1e3:.1f} ms, "
                  f"p99 {storm.quantile(0.99, 503) * 1e3:.1f} ms, slowest {max(refused) * 1e3:.1f} ms")  # fmt: skip
            after = drive(url, photo, CALM_CLIENTS, CALM_S)
            say("calm again", after)
            print(f"photos/s after : before  {after.rate / before.rate:.2f}")
            print(f"memory  {memory:.0f} → {server.memory_mb():.0f} MB")


def say(what: str, load: Load) -> None:
    codes = {code: len(values) for code, values in sorted(load.latencies.items())}
    quantiles = ", ".join(f"p{share * 100:.0f} {load.quantile(share) * 1e3:.0f} ms" for share in (0.5, 0.95, 0.99))
    print(f"{what}: {load.rate:.1f} photos/s, {quantiles}; answers by status {codes}", flush=True)


def overload(url: str, photo: bytes, rate: float, seconds: float) -> Load:
    """Ask `rate` times a second, each time on a connection of its own, without waiting for answers."""
    parts = urlsplit(url)
    found: defaultdict[int, list[float]] = defaultdict(list)
    lock = threading.Lock()

    def ask() -> None:
        begun = time.perf_counter()
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        try:
            connection.request("POST", f"{parts.path}?{parts.query}", photo, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            status = 0
        finally:
            connection.close()
        with lock:
            found[status].append(time.perf_counter() - begun)

    begun, threads = time.perf_counter(), []
    while (now := time.perf_counter() - begun) < seconds:
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        time.sleep(max(0.0, len(threads) / rate - now))
    for thread in threads:
        thread.join()
    return Load(time.perf_counter() - begun, dict(found))


if __name__ == "__main__":
    main()
