"""Keeping a share of the photos that come in, with what the model said of them: the next photos to label.

Beside the requests: a photo is handed over and written by a thread of its own. Whatever goes wrong with the disk costs
recordings, never a request.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tilecli.errors import UsageError
from tilecli.serving.watch.backlog import Backlog, join_all
from tilecli.serving.watch.record_folder import RecordFolder, stem_for

BACKLOG = 64  # photos that may wait for the disk
BACKLOG_BYTES = 64 * 2**20

_ENDING = re.compile(r"\.[a-z0-9]{1,5}")
_UNKNOWN_ENDING = ".bin"

log = logging.getLogger("tiles.serve")


@dataclass(frozen=True)
class _Offer:
    data: bytes
    ending: str
    facts: dict[str, Any]
    time_ns: int


class Recorder:
    """Writes `<time>-<random>.<ending>` and `<time>-<random>.json` into a folder. May be used from several threads.

    The .json holds the facts that came with the photo and `photo` (file name), `time` (UTC, when it was offered),
    `bytes` and `sha256` of the photo, by which a photo that a power cut left short is known. It is written after the
    photo: where it is, the photo is. Several processes, also on several machines, may share a folder.
    """

    def __init__(
        self,
        folder: Path,
        share: float,
        max_bytes: int = 1_000_000_000,
        max_files: int = 10_000,
        *,
        chance: random.Random | None = None,
    ) -> None:
        """share: of the photos, 0–1, drawn from `chance`. max_bytes, max_files: of all files together, .json included.

        Raises UsageError where the folder cannot be written to or a number makes no sense.
        """
        if not 0.0 < share <= 1.0:
            raise UsageError(f"the share {share:g} is not above 0 and at most 1", where="--record-share")
        if max_bytes < 1 or max_files < 2:
            raise UsageError("there is no room for a photo and its .json", where="--record")
        try:
            self._folder = RecordFolder(folder, max_bytes, max_files)
        except OSError as error:
            raise UsageError(
                f"photos cannot be recorded in {folder}: {error.strerror or error}",
                where="--record",
                hint="name a folder that the server may write to",
            ) from error
        self._share = share
        self._chance = chance or random.SystemRandom()
        self._backlog: Backlog[_Offer] = Backlog(BACKLOG, BACKLOG_BYTES)
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(("offered", "kept", "dropped", "failed"), 0)
        self._last_error: str | None = None
        self._said: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="tiles-recorder", daemon=True)
        self._thread.start()

    def offer(self, data: bytes, suffix: str, facts: dict[str, Any]) -> None:
        """Keep this photo if chance wants it; returns at once and never raises.

        data: the file's bytes as they came. suffix: its ending, such as `.png`. facts: what JSON can hold. Where the
        disk is behind, the photo is dropped.
        """
        wanted = self._chance.random() < self._share
        dropped = False
        if wanted:
            ending = suffix.lower() if _ENDING.fullmatch(suffix.lower()) else _UNKNOWN_ENDING
            ending = _UNKNOWN_ENDING if ending == ".json" else ending
            dropped = not self._backlog.put(_Offer(data, ending, dict(facts), time.time_ns()), len(data))
        with self._lock:
            self._counts["offered"] += 1
            self._counts["dropped"] += dropped

    def close(self, timeout: float = 5) -> None:
        """Take nothing more and write what waits, for at most `timeout` s."""
        self._backlog.close()
        if not join_all([self._thread], timeout):
            left = self._backlog.close(drop=True)
            with self._lock:
                self._counts["dropped"] += left

    def stats(self) -> dict[str, Any]:
        """Photos `offered`, `kept`, `dropped` (the disk was behind), `failed` and `waiting`, in this process so far.

        `bytes`, `files`: what lay in the folder, by whomever, when this process last wrote; `last_error`: in words.
        """
        with self._lock:
            counts, last_error = dict(self._counts), self._last_error
        usage = self._folder.usage
        return {
            **counts,
            "waiting": len(self._backlog),
            "bytes": usage.bytes,
            "files": usage.files,
            "max_bytes": self._folder.max_bytes,
            "max_files": self._folder.max_files,
            "share": self._share,
            "last_error": last_error,
        }

    def _run(self) -> None:
        while (offer := self._backlog.take()) is not None:
            outcome = "failed"
            try:
                if self._keep(offer):
                    outcome = "kept"
                else:
                    self._say("room", "a photo is larger than all the room for recordings")
            except OSError as error:
                reason = error.strerror or str(error)
                self._say(reason, f"photos cannot be recorded in {self._folder.folder}: {reason}")
            except Exception as error:  # facts that are no JSON, say; the next photo may well be kept
                self._say(type(error).__name__, f"a photo could not be recorded: {error!r}")
            with self._lock:
                self._counts[outcome] += 1

    def _keep(self, offer: _Offer) -> bool:
        stem = stem_for(offer.time_ns, secrets.token_hex(6))
        facts = {
            "photo": f"{stem}{offer.ending}",
            "time": datetime.fromtimestamp(offer.time_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            **offer.facts,
            "bytes": len(offer.data),
            "sha256": hashlib.sha256(offer.data).hexdigest(),
        }
        text = json.dumps(facts, indent=2, ensure_ascii=False, default=_plain) + "\n"
        return self._folder.add(stem, {offer.ending: offer.data, ".json": text.encode()})

    def _say(self, kind: str, trouble: str) -> None:
        """Remember the last trouble, and log each kind once: a full disk stays full for thousands of photos."""
        with self._lock:
            self._last_error = trouble
            new = kind not in self._said
            self._said.add(kind)
        if new:
            log.warning("%s", trouble)


def _plain(value: Any) -> Any:
    """NumPy's numbers and lists as Python's; anything else as its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
