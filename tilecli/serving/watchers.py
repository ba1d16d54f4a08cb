"""Who else gets to see a finding, beside the client: the recorder and the shadow. None of them delays a request."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tilecli.serving.images import SUFFIXES
from tilecli.serving.live import Loaded
from tilecli.serving.recorder import Recorder
from tilecli.serving.settings import SHADOW_KEY_VARIABLE, ServeSettings
from tilecli.serving.shadow import Shadow
from tilecli.serving.telemetry import Telemetry
from tilecli.serving.work import Found


@dataclass
class Watchers:
    """Those that the settings ask for."""

    recorder: Recorder | None = None
    shadow: Shadow | None = None

    def note(self, found: Found, *, mirrored: bool) -> None:
        """Show them a finding; `mirrored`: the request is a copy from another server, and is not copied on."""
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

    def model_changed(self, _: Loaded) -> None:
        """Figures of the old model say nothing of the new one."""
        if self.shadow is not None:
            self.shadow.start_over()

    def update(self, telemetry: Telemetry) -> None:
        """Bring their gauges up to date."""
        if self.recorder is not None:
            for name, value in self.recorder.stats().items():
                if isinstance(value, (int, float)):
                    telemetry.recorder.labels(name).set(value)
        if self.shadow is not None:
            for name, value in self.shadow.report().figures().items():
                telemetry.shadow.labels(name).set(value)

    def close(self) -> None:
        """Write what waits, and send nothing more."""
        for watcher in (self.recorder, self.shadow):
            if watcher is not None:
                watcher.close()


def make_watchers(settings: ServeSettings) -> Watchers:
    """UsageError where an address or a folder cannot be used."""
    watchers = Watchers()
    if settings.record is not None:
        watchers.recorder = Recorder(settings.record, settings.record_share, settings.record_bytes)
    if settings.shadow is not None:
        key = os.environ.get(SHADOW_KEY_VARIABLE) or None
        watchers.shadow = Shadow(settings.shadow, settings.shadow_share, key)
    return watchers
