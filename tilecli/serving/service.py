"""What the routes share: the model, the threads, the figures, the watchers."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from tilecli import hardware
from tilecli.layout import GOOD
from tilecli.serving.door.uploads import Buffers
from tilecli.serving.model.admission import Admission
from tilecli.serving.model.live import LiveModel, Loaded
from tilecli.serving.model.work import Found
from tilecli.serving.settings import ServeSettings
from tilecli.serving.telemetry import Telemetry
from tilecli.serving.watch.watchers import Watchers, make_watchers

log = logging.getLogger("tiles.serve")


@dataclass
class Service:
    """What the routes share."""

    settings: ServeSettings
    live: LiveModel
    admission: Admission
    telemetry: Telemetry
    buffers: Buffers
    watchers: Watchers
    draining: bool = False
    _model_labels: tuple[str, ...] = field(default=())

    def note(self, found: Found, *, mirrored: bool = False) -> None:
        """Count a finding and show it to the watchers; in the thread that made it. `mirrored`: see `Watchers.note`."""
        prediction, telemetry = found.prediction, self.telemetry
        telemetry.photos.labels(prediction.verdict).inc()
        if prediction.type is not None and prediction.verdict != GOOD:
            telemetry.types.labels(prediction.type).inc()
        telemetry.share.observe(prediction.defect_share)
        telemetry.score.observe(prediction.score)
        for step, ms in found.timings_ms.items():
            (telemetry.queue if step == "queue" else telemetry.step.labels(step)).observe(ms / 1e3)
        self.watchers.note(found, mirrored=mirrored)

    def failed(self, error: Exception) -> None:
        """The model could not run on a photo that was fit for it."""
        log.error("a photo could not be judged: %s", error)

    def update_gauges(self) -> None:
        """Bring up to date what is read and not counted."""
        self.telemetry.waiting.set(self.admission.waiting)
        self.watchers.update(self.telemetry)

    def name_model(self, loaded: Loaded) -> None:
        """Say in the figures which bundle answers."""
        if self._model_labels:
            self.telemetry.model.remove(*self._model_labels)
            self.telemetry.reloads.labels("done").inc()
        self._model_labels = (loaded.version, loaded.predictor.engine.precision, loaded.predictor.engine.name)
        self.telemetry.model.labels(*self._model_labels).set(1)


def make_service(settings: ServeSettings) -> Service:
    """Load the bundle and set up what answers with it; ModelError where it cannot be served."""
    watchers = make_watchers(settings)  # an address that makes no sense is told before a model is loaded
    cores = hardware.usable_cores()
    threads = settings.threads or max(1, cores // settings.workers)
    live = LiveModel(settings, threads)
    # One thread for each stream of the engine, and one that decodes and encodes meanwhile.
    admission = Admission(live.current.predictor.workers, settings.queue, settings.timeout_s)
    service = Service(settings, live, admission, Telemetry(), Buffers(settings.max_buffered_bytes), watchers)
    service.name_model(live.current)
    watchers.model_changed(live.current)
    live.on_change += [service.name_model, watchers.model_changed]
    service.telemetry.before_render.append(service.update_gauges)
    return service
