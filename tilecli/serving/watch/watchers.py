"""Who else gets to see a finding, beside the client: drift, the recorder, the shadow. None of them delays a request."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tilecli.serving.door.images import SUFFIXES
from tilecli.serving.model.live import Loaded
from tilecli.serving.model.work import Found
from tilecli.serving.settings import SHADOW_KEY_VARIABLE, ServeSettings
from tilecli.serving.telemetry import Telemetry
from tilecli.serving.watch.drift import QUANTITIES, DriftMonitor
from tilecli.serving.watch.recorder import Recorder
from tilecli.serving.watch.shadow import Shadow

_CLOSE_S = 2.0  # for each; both together are less than the supervisor's margin, after which it kills


@dataclass
class Watchers:
    """Drift is always looked at; the others where the settings ask for them."""

    drift: DriftMonitor
    recorder: Recorder | None = None
    shadow: Shadow | None = None

    def note(self, found: Found, *, mirrored: bool) -> None:
        """Show them a finding; `mirrored`: the request is a copy from another server, and is not copied on."""
        self.drift.note(found.photo, found.prediction.score)
        if self.recorder is not None:
            facts = {
                "verdict": found.prediction.verdict,
                "score": found.prediction.score,
                "defect_share": found.prediction.defect_share,
                "model": found.loaded.version,
                "name": found.name,
            }
            self.recorder.offer(found.data, SUFFIXES[found.format], facts)
        if self.shadow is not None and not mirrored:
            kind = f"image/{found.format}"
            took = found.timings_ms["decode"] + found.timings_ms["infer"]
            self.shadow.offer(found.data, found.name, kind, found.prediction.mask, took)

    def model_changed(self, loaded: Loaded) -> None:
        """Figures of the old model say nothing of the new one."""
        self.drift.start_over(loaded.bundle.reference)
        if self.shadow is not None:
            self.shadow.start_over()

    def update(self, telemetry: Telemetry) -> None:
        """Bring their gauges up to date."""
        known = self.drift.report().figures()
        for name in QUANTITIES:
            telemetry.drift.labels(name).set(known.get(name, 0.0))
        if self.recorder is not None:
            stats = self.recorder.stats()
            for name in ("offered", "kept", "dropped", "failed", "waiting"):
                telemetry.recorded.labels(name).set(stats[name])
            for name in ("bytes", "files"):
                telemetry.folder.labels(name).set(stats[name])
        if self.shadow is not None:
            report = self.shadow.report()
            for name, count in report.photos_by_outcome().items():
                telemetry.mirrored.labels(name).set(count)
            for name, value in report.figures().items():
                telemetry.shadow.labels(name).set(value)

    def close(self) -> None:
        """Write what waits, and send nothing more."""
        for watcher in (self.recorder, self.shadow):
            if watcher is not None:
                watcher.close(_CLOSE_S)


def make_watchers(settings: ServeSettings) -> Watchers:
    """UsageError where an address or a folder cannot be used."""
    watchers = Watchers(DriftMonitor(None, settings.drift_window))
    if settings.record is not None:
        watchers.recorder = Recorder(settings.record, settings.record_share, settings.record_bytes)
    if settings.shadow is not None:
        key = os.environ.get(SHADOW_KEY_VARIABLE) or None
        watchers.shadow = Shadow(settings.shadow, settings.shadow_share, key)
    return watchers
