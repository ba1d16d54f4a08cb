"""What the routes share: the model, the threads, the figures, and who else gets to see a finding."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from tilecli import hardware
from tilecli.serving.admission import Admission
from tilecli.serving.live import LiveModel, Loaded
from tilecli.serving.settings import ServeSettings
from tilecli.serving.telemetry import Telemetry
from tilecli.serving.uploads import Buffers
from tilecli.serving.work import Found

log = logging.getLogger("tiles.serve")


@dataclass
class Service:
    """What the routes share."""

    settings: ServeSettings
    live: LiveModel
    admission: Admission
    telemetry: Telemetry
    buffers: Buffers
    draining: bool = False
    _model_labels: tuple[str, ...] = field(default=())

    def note(self, found: Found) -> None:
        """Count a finding; in the thread that made it."""
        prediction, telemetry = found.prediction, self.telemetry
        telemetry.photos.labels(prediction.verdict).inc()
        telemetry.share.observe(prediction.defect_share)
        telemetry.score.observe(prediction.score)
        for step, ms in found.timings_ms.items():
            (telemetry.queue if step == "queue" else telemetry.step.labels(step)).observe(ms / 1e3)

    def failed(self, error: Exception) -> None:
        """The model could not run on a photo that was fit for it."""
        log.error("a photo could not be judged: %s", error)

    def update_gauges(self) -> None:
        """Bring up to date what is read and not counted."""
        self.telemetry.waiting.set(self.admission.waiting)

    def name_model(self, loaded: Loaded) -> None:
        """Say in the figures which bundle answers."""
        if self._model_labels:
            self.telemetry.model.remove(*self._model_labels)
            self.telemetry.reloads.labels("done").inc()
        self._model_labels = (loaded.version, loaded.predictor.engine.precision, loaded.predictor.engine.name)
        self.telemetry.model.labels(*self._model_labels).set(1)


def make_service(settings: ServeSettings) -> Service:
    """Load the bundle and set up what answers with it; ModelError where it cannot be served."""
    cores = hardware.usable_cores()
    threads = settings.threads or max(1, cores // settings.workers)
    live = LiveModel(settings, threads)
    # One thread for each stream of the engine, and one that decodes and encodes meanwhile.
    admission = Admission(live.current.predictor.workers, settings.queue, settings.timeout_s)
    service = Service(settings, live, admission, Telemetry(), Buffers(settings.max_buffered_bytes))
    service.name_model(live.current)
    live.on_change.append(service.name_model)
    service.telemetry.before_render.append(service.update_gauges)
    return service
