"""Photos are kept as they came, beside the requests, and no trouble with the disk reaches a request."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tilecli.errors import UsageError
from tilecli.serving.watch import recorder as module
from tilecli.serving.watch.record_folder import LEDGER
from tilecli.serving.watch.recorder import Recorder

FACTS = {"verdict": "defect", "score": 0.98, "defect_share": 0.0123, "model": "0123456789ab"}

Make = Callable[..., Recorder]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Recorder] = []

    def start(folder: Path = tmp_path / "kept", share: float = 1.0, **more: object) -> Recorder:
        made.append(Recorder(folder, share, **more))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for recorder in made:
        recorder.close()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def test_a_photo_is_kept_byte_for_byte_with_what_was_said_of_it(make: Make, tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(5000)
    before = datetime.now(UTC)
    recorder = make()
    recorder.offer(data, ".PNG", FACTS)
    recorder.close()
    photo, facts = sorted((tmp_path / "kept").glob("2*"), key=lambda path: path.suffix == ".json")
    assert photo.read_bytes() == data
    assert (photo.suffix, photo.stem) == (".png", facts.stem)
    said = json.loads(facts.read_text(encoding="utf-8"))
    assert {name: said[name] for name in FACTS} == FACTS
    assert (said["photo"], said["bytes"]) == (photo.name, 5000)
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert abs((datetime.fromisoformat(said["time"]) - before).total_seconds()) < 5
    assert photo.name.startswith(said["time"][:10].replace("-", ""))
    stats = recorder.stats()
    assert [stats[name] for name in ("offered", "kept", "dropped", "failed", "waiting", "files")] == [1, 1, 0, 0, 0, 2]
    assert stats["bytes"] == 5000 + facts.stat().st_size


def test_chance_keeps_the_share_that_was_asked_for(make: Make, tmp_path: Path) -> None:
    recorder = make(share=0.2, chance=random.Random(4))
    draws = random.Random(4)
    wanted = [number for number in range(200) if draws.random() < 0.2]
    for number in range(200):
        recorder.offer(b"%d" % number, ".png", {})
        _until(lambda: recorder.stats()["waiting"] == 0)
    recorder.close()
    kept = [int(path.read_bytes()) for path in sorted((tmp_path / "kept").glob("*.png"))]
    assert kept == wanted
    assert 20 < len(kept) < 60


@pytest.mark.parametrize("suffix", ["", "png", ".json", "../../etc/x.png", ".p/g", ".\x00", ".längst"])
def test_a_strange_ending_cannot_lead_anywhere(make: Make, tmp_path: Path, suffix: str) -> None:
    recorder = make()
    recorder.offer(b"photo", suffix, {})
    recorder.close()
    (photo,) = (tmp_path / "kept").glob("*.bin")
    assert photo.read_bytes() == b"photo"
    assert {path.name for path in tmp_path.iterdir()} == {"kept"}
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_numpy_numbers_are_written_as_numbers(make: Make, tmp_path: Path) -> None:
    recorder = make()
    recorder.offer(b"photo", ".png", {"score": np.float32(0.5), "box": np.array([1, 2]), "where": tmp_path})
    recorder.close()
    (facts,) = (tmp_path / "kept").glob("*.json")
    said = json.loads(facts.read_text(encoding="utf-8"))
    assert (said["score"], said["box"], said["where"]) == (0.5, [1, 2], str(tmp_path))


def test_facts_that_are_no_json_cost_one_recording_only(make: Make, tmp_path: Path) -> None:
    recorder = make()
    circle: dict[str, object] = {}
    circle["self"] = circle
    recorder.offer(b"one", ".png", circle)
    recorder.offer(b"two", ".png", {})
    recorder.close()
    assert [path.read_bytes() for path in (tmp_path / "kept").glob("*.png")] == [b"two"]
    stats = recorder.stats()
    assert (stats["kept"], stats["failed"]) == (1, 1)
    assert "could not be recorded" in stats["last_error"]


def test_a_slow_disk_drops_photos_and_holds_up_nobody(make: Make, tmp_path: Path) -> None:
    recorder = make()
    # A real stand-still: somebody else holds the folder's lock, as a process on a hanging disk would.
    fcntl = pytest.importorskip("fcntl")
    holder = os.open(tmp_path / "kept" / LEDGER, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    recorder.offer(b"first", ".png", {})
    _until(lambda: recorder.stats()["waiting"] == 0)  # it is in the thread's hands
    for number in range(199):
        recorder.offer(b"%d" % number, ".png", {})  # a recorder that waited would stand still here
    stats = recorder.stats()
    assert stats["waiting"] == module.BACKLOG
    assert stats["dropped"] == 199 - module.BACKLOG
    start = time.monotonic()
    recorder.close(timeout=0.2)
    assert time.monotonic() - start < 20
    assert recorder.stats()["dropped"] == 199
    os.close(holder)
    _until(lambda: recorder.stats()["kept"] == 1)


def test_large_photos_that_wait_are_bounded_in_bytes(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG_BYTES", 1000)
    fcntl = pytest.importorskip("fcntl")
    recorder = make()
    holder = os.open(tmp_path / "kept" / LEDGER, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    recorder.offer(b"0", ".png", {})
    _until(lambda: recorder.stats()["waiting"] == 0)
    for _ in range(10):
        recorder.offer(b"x" * 300, ".png", {})
    os.close(holder)
    recorder.close()
    stats = recorder.stats()
    assert (stats["kept"], stats["dropped"]) == (4, 7)


def test_a_vanished_folder_is_counted_and_logged_once(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make()
    shutil.rmtree(tmp_path / "kept")
    with caplog.at_level(logging.WARNING):
        for number in range(20):
            recorder.offer(b"%d" % number, ".png", FACTS)
        _until(lambda: recorder.stats()["failed"] == 20)
    assert [record.message for record in caplog.records] == [recorder.stats()["last_error"]]
    assert "No such file or directory" in caplog.text
    (tmp_path / "kept").mkdir()
    recorder.offer(b"back", ".png", FACTS)
    _until(lambda: recorder.stats()["kept"] == 1)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root cannot write to")
def test_a_folder_that_became_read_only_is_counted_and_logged_once(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make()
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "kept").symlink_to("/sys/kernel")
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            recorder.offer(b"photo", ".png", FACTS)
        _until(lambda: recorder.stats()["failed"] == 20)
    assert len(caplog.records) == 1


_FULL = """
import logging, resource, signal, sys
from pathlib import Path
from tilecli.serving.watch.recorder import Recorder
logging.basicConfig(stream=sys.stdout, format="%(message)s")
recorder = Recorder(Path(sys.argv[1]), 1.0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for number in range(10):
    recorder.offer(b"x" * (60_000 if number % 2 else 10_000), ".png", {})
recorder.close()
stats = recorder.stats()
print(stats["kept"], stats["failed"], stats["files"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX's")
def test_a_disk_that_takes_no_more_leaves_no_halves(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "5 5 10"
    assert len(lines) == 2, done.stdout
    sizes = sorted(path.stat().st_size for path in tmp_path.glob("*.png"))
    assert sizes == [10_000] * 5
    assert len(list(tmp_path.iterdir())) == 11


def test_a_photo_larger_than_all_the_room_is_not_kept(make: Make, tmp_path: Path) -> None:
    recorder = make(max_bytes=1000)
    recorder.offer(b"x" * 400, ".png", {})
    recorder.offer(b"x" * 2000, ".png", {})
    recorder.close()
    stats = recorder.stats()
    assert (stats["kept"], stats["failed"]) == (1, 1)
    assert "larger than all the room" in stats["last_error"]


def test_the_folder_stays_within_its_bounds(make: Make, tmp_path: Path) -> None:
    recorder = make(max_bytes=20_000, max_files=1000)
    for number in range(40):
        recorder.offer(b"%02d" % number * 500, ".png", FACTS)
        _until(lambda: recorder.stats()["waiting"] == 0)
    recorder.close()
    photos = sorted((tmp_path / "kept").glob("*.png"))
    sizes = [path.stat().st_size for path in (tmp_path / "kept").glob("2*")]
    assert sum(sizes) == recorder.stats()["bytes"] <= 20_000
    assert [path.read_bytes()[:2] for path in photos] == [b"%02d" % n for n in range(40 - len(photos), 40)]


def test_many_threads_may_offer_at_once(make: Make, tmp_path: Path) -> None:
    recorder = make()
    threads = [
        threading.Thread(target=lambda: [recorder.offer(b"x" * 10, ".png", {}) for _ in range(15)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    stats = recorder.stats()
    assert stats["offered"] == 60 == stats["kept"] + stats["dropped"]
    assert len(list((tmp_path / "kept").glob("*.png"))) == stats["kept"]


def test_after_closing_photos_are_counted_as_dropped(make: Make) -> None:
    recorder = make()
    recorder.close()
    recorder.offer(b"late", ".png", {})
    assert recorder.stats()["dropped"] == 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_a_share_that_makes_no_sense_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(UsageError) as refused:
        Recorder(tmp_path, share)
    assert refused.value.where == "--record-share"


def test_bounds_without_room_for_a_pair_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Recorder(tmp_path, 1.0, max_files=1)


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as refused:
        Recorder(tmp_path / "file" / "kept", 1.0)
    assert str(tmp_path / "file") in refused.value.message
