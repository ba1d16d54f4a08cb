"""The cache gives back what was put in, or nothing; never something else, never an error."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilecli.experiments.reading.cache import FORMAT, Cache, Remembering

VALUES = {f"params:{number:040x}": {"train.epochs": number, "name": "ü" * number} for number in range(1200)}


def test_gives_back_what_was_put_in_to_another_process_too(tmp_path: Path):
    path = tmp_path / "deep" / "facts.sqlite"
    Cache(path).put(VALUES)
    assert Cache(path).get([*VALUES, "unknown"]) == VALUES
    assert Cache(path).get([]) == {}


def test_a_null_is_an_answer(tmp_path: Path):
    Cache(tmp_path / "facts").put({"a": None})
    assert Cache(tmp_path / "facts").get(["a", "b"]) == {"a": None}


def test_without_a_file_nothing_is_kept():
    cache = Cache(None)
    cache.put({"a": 1})
    assert cache.get(["a"]) == {}


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_none_of_ours_is_made_anew(tmp_path: Path, content: bytes):
    path = tmp_path / "facts"
    path.write_bytes(content)
    assert Cache(path).get(["a"]) == {}
    Cache(path).put({"a": 1})
    Cache(path).put({"a": 1})
    assert Cache(path).get(["a"]) == {"a": 1}


def test_a_file_of_another_format_is_made_anew(tmp_path: Path):
    path = tmp_path / "facts"
    Cache(path).put({"a": 1})
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    assert Cache(path).get(["a"]) == {}
    Cache(path).put({"a": 2})
    assert Cache(path).get(["a"]) == {"a": 2}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 255)), min_size=1, max_size=30))
def test_damage_is_never_taken_for_an_answer(tmp_path: Path, damage: list[tuple[int, int]]):
    path = tmp_path / "facts"
    path.unlink(missing_ok=True)
    Cache(path).put(VALUES)
    data = bytearray(path.read_bytes())
    for place, byte in damage:
        data[place % len(data)] = byte
    path.write_bytes(data)
    found = Cache(path).get(VALUES)
    assert found.items() <= VALUES.items()


def test_a_locked_file_is_waited_for_shortly_and_then_done_without(tmp_path: Path):
    path = tmp_path / "facts"
    Cache(path).put({"a": 1})
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert Cache(path).get(["a"]) == {}
        Cache(path).put({"b": 2})
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert Cache(path).get(["a", "b"]) == {"a": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_nobody_may_write_to(tmp_path: Path):
    tmp_path.chmod(0o500)
    Cache(tmp_path / "sub" / "facts").put({"a": 1})
    assert Cache(tmp_path / "sub" / "facts").get(["a"]) == {}
    tmp_path.chmod(0o700)


def test_a_folder_in_the_files_place_is_left_alone(tmp_path: Path):
    path = tmp_path / "facts"
    path.mkdir()
    Cache(path).put({"a": 1})
    assert Cache(path).get(["a"]) == {}
    assert path.is_dir()


def test_many_writers_at_once_lose_time_and_nothing_else(tmp_path: Path):
    path = tmp_path / "facts"

    def write(part: int) -> None:
        for number in range(20):
            Cache(path).put({f"{part}-{number}": number})

    threads = [threading.Thread(target=write, args=(part,)) for part in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Cache(path).get(f"{part}-{number}" for part in range(6) for number in range(20))
    assert found
    assert all(name.endswith(f"-{value}") for name, value in found.items())


def test_what_stays_in_memory_is_not_asked_of_the_file_again(tmp_path: Path):
    path = tmp_path / "facts"
    Cache(path).put({"a": 1})
    cache = Remembering(path)
    assert cache.get(["a", "b"]) == {"a": 1}
    path.unlink()
    assert cache.get(["a"]) == {"a": 1}
    cache.put({"b": 2})
    assert cache.get(["b", "a"]) == {"b": 2, "a": 1}
    assert Cache(path).get(["a", "b"]) == {"b": 2}
