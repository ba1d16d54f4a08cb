"""Clients that ask as fast as they are answered: `python -m tilecli.bench.load URL FILE CLIENTS SECONDS [QUERY]`.

A process of its own, so that asking does not take the server's interpreter; http.client, because it is the lightest.
Prints one JSON object: each status with its latencies in seconds, and the seconds that it all took.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_BOUNDARY = "tiles-bench"
_PATIENCE_S = 120.0
_REST_S = 0.005  # after a refusal: clients that never rest measure themselves


@dataclass(frozen=True)
class Load:
    """What a number of clients met."""

    seconds: float  # that it took
    latencies: dict[int, list[float]]  # status → seconds of each answer, in no order

    @property
    def rate(self) -> float:
        """Answers with a result, per second."""
        return len(self.latencies.get(200, [])) / self.seconds

    def quantile(self, share: float, status: int = 200) -> float:
        """The latency, s, that this share of answers did not exceed."""
        values = sorted(self.latencies.get(status, [])) or [float("nan")]
        return values[min(len(values) - 1, round(share * (len(values) - 1)))]


def drive(url: str, photo: Path, clients: int, seconds: float) -> Load:
    """Load `url` (with its query) from a process of its own."""
    command = [sys.executable, "-m", __name__, url, str(photo), str(clients), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return Load(found["seconds"], {int(status): values for status, values in found["latencies"].items()})


def _ask(url: str, body: bytes, until: float, latencies: dict[int, list[float]]) -> None:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=_PATIENCE_S)
    while time.perf_counter() < until:
        begun = time.perf_counter()
        try:
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        latencies.setdefault(status, []).append(time.perf_counter() - begun)
        if status != http.client.OK:
            time.sleep(_REST_S)
    connection.close()


def main() -> None:
    """Run the clients, each in a thread."""
    url, photo, clients, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="{photo.name}"\r\n\r\n'
    body = head.encode() + photo.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
    found: list[dict[int, list[float]]] = [{} for _ in range(clients)]
    begun = time.perf_counter()
    threads = [threading.Thread(target=_ask, args=(url, body, begun + seconds, mine)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    merged: dict[int, list[float]] = {}
    for mine in found:
        for status, values in mine.items():
            merged.setdefault(status, []).extend(round(value, 6) for value in values)
    sys.stdout.write(json.dumps({"seconds": took, "latencies": merged}))


if __name__ == "__main__":
    main()
