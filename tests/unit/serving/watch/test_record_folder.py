"""A folder that several processes fill and none overfills."""

from __future__ import annotations

import multiprocessing
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilecli.serving.watch.record_folder import LEDGER, RecordFolder, Usage, stem_for

SECOND = 1_000_000_000


def _add(folder: RecordFolder, number: int, size: int = 90) -> str:
    """A pair of `size` + 10 bytes, `number` s after the epoch."""
    stem = stem_for(number * SECOND, secrets.token_hex(6))
    assert folder.add(stem, {".png": b"p" * size, ".json": b"j" * 10})
    return stem


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != LEDGER)


def _measured(folder: Path) -> Usage:
    sizes = [path.stat().st_size for path in folder.iterdir() if path.name != LEDGER]
    return Usage(sum(sizes), len(sizes))


def test_names_sort_by_time() -> None:
    times = [0, 1, 999_999_999, SECOND, 86_400 * SECOND, 1_700_000_000 * SECOND + 5, 1_700_000_000 * SECOND + 50]
    names = [stem_for(moment, token) for moment, token in zip(times, "fedcba9", strict=True)]
    assert names == sorted(names)
    assert stem_for(1_700_000_000 * SECOND + 5, "0" * 12) == "20231114T221320.000000005Z-000000000000"


def test_the_oldest_pairs_go_first_when_bytes_run_out(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    stems = []
    for number in range(25):
        stems.append(_add(folder, number))
        assert _measured(tmp_path).bytes <= 1000
    kept = [stem for stem in stems if f"{stem}.png" in _names(tmp_path)]
    assert len(kept) == 10
    assert kept == stems[-10:]
    assert _names(tmp_path) == sorted(f"{stem}{ending}" for stem in kept for ending in (".png", ".json"))
    assert folder.usage == _measured(tmp_path)


def test_the_oldest_pairs_go_first_when_files_run_out(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, max_bytes=10**9, max_files=7)
    stems = [_add(folder, number) for number in range(9)]
    assert _names(tmp_path) == sorted(f"{stem}{ending}" for stem in stems[-3:] for ending in (".png", ".json"))


def test_room_is_made_in_strides(tmp_path: Path) -> None:
    """Counting the files for every photo would cost more than writing it."""
    folder = RecordFolder(tmp_path, max_bytes=10**9, max_files=400)
    for number in range(201):
        _add(folder, number)
    assert _measured(tmp_path).files == 400 - 400 // 20 + 2


def test_what_alone_is_too_large_is_refused_and_removes_nothing(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    stem = _add(folder, 1)
    assert not folder.add(stem_for(2, "0" * 12), {".png": b"p" * 1001})
    assert _names(tmp_path) == [f"{stem}.json", f"{stem}.png"]


def test_files_of_other_names_are_neither_counted_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"x" * 5000)
    folder = RecordFolder(tmp_path, max_bytes=300, max_files=1000)
    first = _add(folder, 1)
    (tmp_path / f"{first}.mask.png").write_bytes(b"y" * 5000)
    for number in range(2, 8):
        _add(folder, number)
    names = _names(tmp_path)
    assert f"{first}.png" not in names
    assert {"labels.csv", f"{first}.mask.png"} <= set(names)


def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    first = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    stems = [_add(first, number) for number in range(8)]
    again = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    assert again.usage == Usage(800, 16)
    stems += [_add(again, number) for number in range(8, 12)]
    assert [stem for stem in stems if f"{stem}.png" in _names(tmp_path)] == stems[-10:]


def test_halves_of_a_killed_process_are_cleared_away(tmp_path: Path) -> None:
    half = tmp_path / f".{stem_for(1, '0' * 12)}.png.part"
    half.write_bytes(b"x" * 500)
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    assert not half.exists()
    assert folder.usage == Usage(0, 0)


def test_a_photo_without_its_json_is_counted_and_goes_too(tmp_path: Path) -> None:
    orphan = tmp_path / f"{stem_for(1, '0' * 12)}.png"
    orphan.write_bytes(b"x" * 900)
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    assert folder.usage == Usage(900, 1)
    stem = _add(folder, 2, size=190)
    assert _names(tmp_path) == [f"{stem}.json", f"{stem}.png"]


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff\xfe", b'{"bytes": "many", "files": 1}'])
def test_a_spoilt_ledger_is_counted_anew(tmp_path: Path, text: bytes) -> None:
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    _add(folder, 1)
    (tmp_path / LEDGER).write_bytes(text)
    _add(folder, 2)
    assert folder.usage == Usage(200, 4)


def test_photos_that_were_taken_out_make_room(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    for number in range(10):
        _add(folder, number)
    for path in list(tmp_path.glob("*.*"))[:10]:
        if path.name != LEDGER:
            path.unlink()
    left = _measured(tmp_path)
    _add(folder, 11)
    assert _measured(tmp_path) == Usage(left.bytes + 100, left.files + 2)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, max_bytes=1000, max_files=1000)
    stem = stem_for(1, "0" * 12)
    (tmp_path / f"{stem}.json").mkdir()  # so that the second file cannot take its place
    with pytest.raises(OSError, match=r"."):
        folder.add(stem, {".png": b"p", ".json": b"j"})
    (tmp_path / f"{stem}.json").rmdir()
    assert _names(tmp_path) == []
    assert folder.usage == Usage(0, 0)


def test_a_vanished_folder_is_not_made_again(tmp_path: Path) -> None:
    place = tmp_path / "mounted"
    folder = RecordFolder(place, max_bytes=1000, max_files=1000)
    place.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        _add(folder, 1)
    assert not place.exists()
    (tmp_path / "away").rename(place)
    _add(folder, 2)


def _fill(place: Path, seconds: float) -> None:
    folder = RecordFolder(place, max_bytes=20_000, max_files=60)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        folder.add(stem_for(time.time_ns(), secrets.token_hex(6)), {".png": b"p" * 900, ".json": b"j" * 100})


def _watched(place: Path, processes: list[multiprocessing.process.BaseProcess]) -> Iterator[Usage]:
    while any(process.is_alive() for process in processes):
        sizes = []
        for path in place.iterdir():
            if path.name != LEDGER:
                try:
                    sizes.append(path.stat().st_size)
                except FileNotFoundError:
                    continue
        yield Usage(sum(sizes), len(sizes))


def test_the_bounds_hold_while_several_processes_write(tmp_path: Path) -> None:
    RecordFolder(tmp_path, max_bytes=20_000, max_files=60)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(tmp_path, 1.5)) for _ in range(3)]
    for process in processes:
        process.start()
    # A listing is no snapshot: a file may be renamed or removed while it runs, so what is seen can be a pair too many.
    seen = list(_watched(tmp_path, processes))
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(seen) > 20
    assert max(usage.files for usage in seen) > 30
    assert max(usage.bytes for usage in seen) <= 20_000 + 2_000
    left = _measured(tmp_path)
    assert left.bytes <= 20_000
    assert left.files <= 60
    assert RecordFolder(tmp_path, 20_000, 60).usage == left
    photos, facts = ({path.stem for path in tmp_path.glob(f"*Z-*{ending}")} for ending in (".png", ".json"))
    assert photos == facts
