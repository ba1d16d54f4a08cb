"""Objects from a cache to a folder and back: only what is needed, verified, whatever is damaged or missing."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from tilecli.errors import PipelineError, TilesError
from tilecli.experiments.remotes.cache import Cache, open_cache
from tilecli.experiments.remotes.copying import Copied, fetch, push
from tilecli.experiments.remotes.settings import Remote
from tilecli.experiments.remotes.store import Store

pytest.importorskip("dvc")
FILES = 12


def make_cache(folder: Path) -> Cache:
    return open_cache({}, folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    from dvc_objects.fs.local import LocalFileSystem

    folder = tmp_path / "store"
    folder.mkdir()
    return Store(Remote("storage", str(folder), {}, True), LocalFileSystem(), str(folder))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return make_cache(tmp_path / "one")


@pytest.fixture
def other(tmp_path: Path) -> Cache:
    return make_cache(tmp_path / "two")


def put(cache: Cache, content: bytes, ending: str = "") -> str:
    """Into the cache as DVC leaves it; returns the hash."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + ending
    file = cache.object(md5)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o444)
    return md5


def folder_of(cache: Cache, names: list[str]) -> dict[str, str]:
    """A folder of photos in the cache; returns it as what is wanted."""
    entries = [{"md5": put(cache, f"photo {name}".encode()), "relpath": f"images/{name}"} for name in names]
    return {put(cache, json.dumps(entries).encode(), ".dir"): "data/dataset"}


def names(count: int) -> list[str]:
    return [f"{number}.jpg" for number in range(count)]


def up(cache: Cache, store: Store, wanted: dict[str, str], *, verify: bool = False) -> Copied:
    return push(cache, store, wanted, 4, lambda: False, verify=verify)


def down(cache: Cache, store: Store, wanted: dict[str, str], *, verify: bool = False) -> Copied:
    return fetch(cache, store, wanted, 4, lambda: False, verify=verify)


def spoil(file: Path, content: bytes | None = None) -> None:
    """As a bad disk would: the same length, unless told otherwise."""
    before = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(bytes([before[0] ^ 1]) + before[1:] if content is None else content)
    file.chmod(0o444)


def held(cache: Cache) -> set[str]:
    return {path.parent.name + path.name for path in cache.root.rglob("*") if path.is_file()}


def test_a_version_costs_the_difference_both_ways(cache: Cache, other: Cache, store: Store) -> None:
    first = folder_of(cache, names(FILES))
    done = up(cache, store, first)
    assert (done.copied, done.known, done.bytes) == (FILES + 1, 0, sum(map(len, map(contents(cache), held(cache)))))
    second = folder_of(cache, names(FILES + 3))
    done = up(cache, store, second)
    assert (done.copied, done.known) == (3 + 1, FILES)
    assert up(cache, store, {**first, **second}).copied == 0
    assert down(other, store, first).copied == FILES + 1
    done = down(other, store, second)
    assert (done.copied, done.known) == (3 + 1, FILES)
    assert held(other) == held(cache)
    assert all(other.object(md5).stat().st_mode & 0o222 == 0 for md5 in held(other)), "locked, as DVC does"
    assert not (other.root.parent.parent / "tmp-tiles").exists()


def contents(cache: Cache):
    return lambda md5: cache.object(md5).read_bytes()


def test_an_object_cut_short_on_the_remote_is_replaced(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    up(cache, store, wanted)
    cut = put(cache, b"photo 3.jpg")
    spoil(Path(store.object(cut)), b"pho")
    done = up(cache, store, wanted)
    assert done.copied == 1
    assert done.mended == [f"data/dataset/images/3.jpg ({cut})"]
    assert Path(store.object(cut)).read_bytes() == b"photo 3.jpg"


def test_a_damaged_object_on_the_remote_is_named_not_taken_and_mended_by_who_has_it(
    cache: Cache, other: Cache, store: Store
) -> None:
    wanted = folder_of(cache, names(FILES))
    up(cache, store, wanted)
    bad = put(cache, b"photo 5.jpg")
    spoil(Path(store.object(bad)))
    done = down(other, store, wanted)
    assert done.damaged == [f"data/dataset/images/5.jpg ({bad})"]
    assert other.size(bad) is None
    assert done.copied == FILES
    assert up(cache, store, wanted).copied == 0, "its length is right"
    assert up(cache, store, wanted, verify=True).mended == [f"data/dataset/images/5.jpg ({bad})"]
    done = down(other, store, wanted)
    assert (done.copied, done.damaged) == (1, [])


def test_a_damaged_object_of_the_cache_is_not_pushed_and_comes_back_from_the_remote(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    bad = put(cache, b"photo 7.jpg")
    spoil(cache.object(bad))
    done = up(cache, store, wanted)
    assert done.damaged == [f"data/dataset/images/7.jpg ({bad})"]
    assert not Path(store.object(bad)).exists()
    assert not Path(store.object(next(iter(wanted)))).exists(), "a folder goes after all that it lists"
    cache.object(bad).unlink()
    put(cache, b"photo 7.jpg")
    up(cache, store, wanted)
    spoil(cache.object(bad))
    assert down(cache, store, wanted).mended == [], "locked files are believed"
    assert down(cache, store, wanted, verify=True).mended == [f"data/dataset/images/7.jpg ({bad})"]
    assert cache.object(bad).read_bytes() == b"photo 7.jpg"


def test_an_unlocked_object_is_never_believed(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    up(cache, store, wanted)
    bad = put(cache, b"photo 2.jpg")
    spoil(cache.object(bad))
    cache.object(bad).chmod(0o644)
    assert down(cache, store, wanted).mended == [f"data/dataset/images/2.jpg ({bad})"]


def test_what_neither_side_has_is_named_and_the_rest_goes_over(cache: Cache, other: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    gone = put(cache, b"photo 1.jpg")
    cache.object(gone).unlink()
    done = up(cache, store, wanted)
    assert done.missing == [f"data/dataset/images/1.jpg ({gone})"]
    assert done.copied == FILES - 1
    unknown = {"0" * 32: "models/lost.onnx", "1" * 32 + ".dir": "models/bundle"}
    assert sorted(down(other, store, unknown).missing) == [
        f"{path} ({md5})" for md5, path in sorted(unknown.items(), key=lambda item: item[1])
    ]


def test_a_list_of_files_that_is_none_is_damaged_not_a_crash(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(2))
    spoil(cache.object(next(iter(wanted))), b"[{]")
    assert up(cache, store, wanted).damaged == [f"data/dataset ({next(iter(wanted))})"]


def test_stopping_begins_nothing_new_and_says_what_is_left(cache: Cache, other: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    done = push(cache, store, wanted, 1, lambda: True, verify=False)
    assert 0 < done.left <= FILES
    assert done.copied + done.left == FILES
    assert not Path(store.object(next(iter(wanted)))).exists()
    assert up(cache, store, wanted).copied == FILES + 1 - done.copied
    assert fetch(other, store, wanted, 1, lambda: True, verify=False).copied < FILES
    assert down(other, store, wanted).damaged == []
    assert held(other) == held(cache)


def test_leftovers_of_a_killed_push_vanish_after_a_day(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(2))
    up(cache, store, wanted)
    folder = Path(store.object(next(iter(wanted)))).parent
    young, old = folder / ".Ab-cd_ef.tmp", folder / ".gh-ij_kl.tmp"
    young.touch()
    old.touch()
    day_before = time.time() - 25 * 3600
    os.utime(old, (day_before, day_before))
    assert up(cache, store, wanted).copied == 0
    assert young.exists()
    assert not old.exists()


def test_a_remote_that_cannot_be_written_ends_the_push_in_words(cache: Cache, store: Store) -> None:
    wanted = folder_of(cache, names(FILES))
    (Path(store.root) / "files").touch()
    with pytest.raises(PipelineError) as refused:
        up(cache, store, wanted)
    assert isinstance(refused.value, TilesError)
    assert "a file stands where the remote's folder should be" in refused.value.message
    assert refused.value.where == f"remote storage: {store.root}"
