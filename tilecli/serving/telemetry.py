"""The server's own figures, for Prometheus: requests, times, queues, photos, what the model says."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client import multiprocess as shared
from prometheus_client.exposition import CONTENT_TYPE_LATEST

# Set by the supervisor where several workers put their figures together.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHARES = (0.0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
MEDIA_TYPE = CONTENT_TYPE_LATEST
disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside every counter, which nobody reads


class Telemetry:
    """All figures of one process; with several workers, `render` adds up those of all."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        made: dict[str, Any] = {"registry": self._registry}
        # A gauge of several workers: their sum, or of any that lives.
        summed: dict[str, Any] = {**made, "multiprocess_mode": "livesum"}
        greatest: dict[str, Any] = {**made, "multiprocess_mode": "livemax"}
        self.requests = Counter("tiles_requests", "Requests by route and status code", ["route", "code"], **made)
        self.seconds = Histogram(
            "tiles_request_seconds",
            "From a request's first byte to its answer's last",
            ["route"],
            buckets=_SECONDS,
            **made,
        )
        self.queue = Histogram("tiles_queue_seconds", "A photo's wait for a free thread", buckets=_SECONDS, **made)
        self.step = Histogram("tiles_step_seconds", "Time of each step on a photo", ["step"], buckets=_SECONDS, **made)
        self.photos = Counter("tiles_photos", "Photos judged, by verdict", ["verdict"], **made)
        self.types = Counter("tiles_photos_by_type", "Photos not judged good, by type of defect", ["type"], **made)
        self.share = Histogram("tiles_defect_share", "Share of a photo that is defect", buckets=_SHARES, **made)
        self.score = Histogram("tiles_score", "Scores of photos", buckets=[i / 20 for i in range(1, 21)], **made)
        self.in_flight = Gauge("tiles_in_flight", "Requests being answered", **summed)
        self.waiting = Gauge("tiles_waiting", "Photos waiting for a free thread", **summed)
        self.reloads = Counter("tiles_reloads", "Newer bundles, by what became of them", ["result"], **made)
        self.model = Gauge(
            "tiles_model_info", "The bundle that answers", ["version", "precision", "engine"], **greatest
        )
        self.drift = Gauge("tiles_drift_psi", "Population stability index; 0 while unknown", ["quantity"], **greatest)
        self.shadow = Gauge("tiles_shadow", "Agreement with the shadow endpoint", ["figure"], **greatest)
        self.mirrored = Gauge("tiles_shadow_photos", "Photos for the shadow endpoint", ["outcome"], **summed)
        self.recorded = Gauge("tiles_recorded_photos", "Photos for later labelling", ["outcome"], **summed)
        self.folder = Gauge("tiles_record_folder", "What lies in the folder of recorded photos", ["unit"], **greatest)
        self.before_render: list[Callable[[], None]] = []  # bring gauges up to date

    def render(self) -> bytes:
        """Prometheus' text format."""
        for update in self.before_render:
            update()
        if SHARED_FOLDER not in os.environ:
            return bytes(generate_latest(self._registry))
        registry = CollectorRegistry()
        shared.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return bytes(generate_latest(registry))


def forget(folder: str, pid: int) -> None:
    """Take a dead worker's gauges out of the shared figures; what it counted stays counted."""
    shared.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
