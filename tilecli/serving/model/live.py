"""The model that answers now, and its replacement by a newer bundle while it goes on answering."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tilecli.errors import ModelError, TilesError
from tilecli.inference.bundle import FACTS_FILE, Bundle, check_model
from tilecli.inference.bundle_reader import EXPORT
from tilecli.inference.predictor import Predictor, open_predictor
from tilecli.inference.selftest import run_self_test
from tilecli.serving.model import batching
from tilecli.serving.model.batching import BatchingEngine
from tilecli.serving.settings import ServeSettings

log = logging.getLogger("tiles.serve")
_VERSION = 12  # characters of the bundle's hash


@dataclass(frozen=True)
class Loaded:
    """A bundle in its engine, ready to answer."""

    predictor: Predictor
    version: str  # hash of bundle.json, which holds the model's own hash
    loaded_at: str  # ISO 8601, UTC
    seconds: float  # that loading took

    @property
    def bundle(self) -> Bundle:
        """What was loaded."""
        return self.predictor.bundle


def load(settings: ServeSettings, threads: int | None = None) -> Loaded:
    """Open the bundle, let it test itself (see `run_self_test`; an older one has only its hash), and run it once.

    Raises ModelError, with the reason, for a bundle that must not be served.
    """
    begun = time.perf_counter()
    version = version_of(settings.bundle)
    predictor = open_predictor(
        settings.bundle,
        settings.engine,
        settings.threshold,
        settings.verdict_threshold,
        settings.uncertain_from,
        threads=threads,
    )
    bundle = predictor.bundle
    tested = run_self_test(predictor)
    if tested is not None and not tested.passed:
        raise ModelError(f"the bundle fails its self-test: {tested.problem}", where=str(bundle.folder), hint=EXPORT)
    if tested is None:
        check_model(bundle)
    # The first run allocates; no request should wait for that.
    side = bundle.input.short_side or bundle.input.multiple * 4
    predictor.predict(np.zeros((side, side, bundle.input.channels), np.uint8))
    if version_of(settings.bundle) != version:
        raise ModelError("the bundle was replaced while it was being loaded", where=str(settings.bundle))
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Loaded(predictor, version, when, time.perf_counter() - begun)


def version_of(folder: Path) -> str:
    """The bundle's version: it changes with anything that its answers depend on."""
    try:
        facts = (folder / FACTS_FILE).read_bytes()
    except OSError as error:
        raise ModelError("there is no bundle here", where=str(folder), hint=EXPORT) from error
    return hashlib.sha256(facts).hexdigest()[:_VERSION]


class LiveModel:
    """Holds the loaded model; whoever answers a request takes `current` once and keeps to it."""

    def __init__(self, settings: ServeSettings, threads: int | None = None) -> None:
        self._settings, self._threads = settings, threads
        self.current = load(settings, threads)
        self.reloads = {"done": 0, "refused": 0}
        self.on_change: list[Callable[[Loaded], None]] = []
        self._batch = 1  # photos in one run of the network, where that was found to pay
        self._refused = ""  # version that was refused: not tried again until it changes
        self._busy = threading.Lock()

    def reload(self, *, again: bool = False) -> bool:
        """Take up the bundle in the folder, if it is another one and fit to serve; the old one answers until then.

        `again`: also one that was refused before. Returns whether it was taken up.
        """
        with self._busy:
            try:
                version = version_of(self._settings.bundle)
            except ModelError:
                return False  # being replaced at this moment; or gone, which the one in memory does not mind
            if version == self.current.version or (version == self._refused and not again):
                return False
            try:
                loaded = load(self._settings, self._threads)
            except TilesError as error:
                self._refused = version
                self.reloads["refused"] += 1
                log.error("bundle %s is not taken up, %s goes on: %s", version, self.current.version, error)
                return False
            self._set_up_batches(loaded)
            before, self.current = self.current.version, loaded
            self._refused = ""
            self.reloads["done"] += 1
            log.info("bundle %s has taken the place of %s after %.1f s", loaded.version, before, loaded.seconds)
        for told in self.on_change:
            told(loaded)
        return True

    def measure_batching(self) -> batching.Measured:
        """Find out whether batches pay here, and use them from then on if they do, for newer bundles too."""
        found = batching.measure(self.current.predictor.engine, self.current.bundle.input)
        with self._busy:
            self._batch = found.size
            self._set_up_batches(self.current)
        return found

    def _set_up_batches(self, loaded: Loaded) -> None:
        if self._batch > 1:
            loaded.predictor.engine = BatchingEngine(loaded.predictor.engine, self._batch)

    async def watch(self) -> None:
        """Look at the bundle's folder every `reload_s` seconds, for ever."""
        while True:
            await asyncio.sleep(self._settings.reload_s)
            try:
                await asyncio.to_thread(self.reload)
            except Exception:  # whatever a half-copied bundle brings about must not end the watch
                log.exception("looking for a newer bundle failed")
