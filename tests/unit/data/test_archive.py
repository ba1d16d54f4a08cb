"""Unpacking: honest archives come out whole, hostile ones write nothing outside and end in time."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tilecli.data.archive import DamagedArchiveError, kind, list_names, safe_name, unpack
from tilecli.errors import DataError

PHOTO = bytes(range(256)) * 40


def make_zip(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, entries: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def add_special(path: Path, kind_of_entry: bytes) -> Path:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a/evil.jpg")
        info.type = kind_of_entry
        info.linkname = "/etc/passwd"
        archive.addfile(info)
    return path


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_every_kind_comes_out_whole(tmp_path: Path, mode: str) -> None:
    entries = {"top/a.jpg": PHOTO, "top/sub/b.png": b"x", "top/README.md": b"not wanted", "top/.hid.png": b"nor this"}
    path = tmp_path / "archive"  # no ending: the content counts
    make_zip(path, entries) if mode == "zip" else make_tar(path, entries, mode)
    assert kind(path) == ("zip" if mode == "zip" else "tar")
    assert list_names(path, 1) == list(entries)
    assert unpack(path, tmp_path / "out", 1) == 2
    out = tmp_path / "out"
    written = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert written == {"top/a.jpg": PHOTO, "top/sub/b.png": b"x"}


def test_a_tar_with_an_entry_for_its_own_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(PHOTO)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(folder, arcname=".")
    assert unpack(tmp_path / "a.tar", tmp_path / "out", 1) == 1


@pytest.mark.parametrize(
    "name",
    ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "..\\evil.jpg", "C:\\evil.jpg", "C:evil.jpg", "\\\\h\\e.jpg"],
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_paths_that_lead_outside_are_refused(tmp_path: Path, name: str, make: type) -> None:
    path = make(tmp_path / "archive", {name: PHOTO})
    with pytest.raises(DataError, match=r"outside|absolute"):
        unpack(path, tmp_path / "deep" / "out", 1)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@given(st.text(st.sampled_from("ab./\\:\0 é")))
@example("..")
@example("a/..\\../b")
def test_a_name_is_refused_or_stays_inside(name: str) -> None:
    try:
        safe = safe_name(name)
    except DataError:
        return
    assert not PurePosixPath(safe).is_absolute()
    assert ".." not in PurePosixPath(safe).parts
    assert "\\" not in safe and "\0" not in safe
    assert safe_name(safe) == safe


@pytest.mark.parametrize("entry", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(tmp_path: Path, entry: bytes) -> None:
    with pytest.raises(DataError, match="a link"):
        unpack(add_special(tmp_path / "a.tar", entry), tmp_path / "out", 1)


@pytest.mark.parametrize("entry", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar_are_refused(tmp_path: Path, entry: bytes) -> None:
    with pytest.raises(DataError, match="device or pipe"):
        unpack(add_special(tmp_path / "a.tar", entry), tmp_path / "out", 1)


@pytest.mark.parametrize(("mode", "words"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "device or pipe")])
def test_special_entries_of_a_zip_are_refused(tmp_path: Path, mode: int, words: str) -> None:
    info = zipfile.ZipInfo("a.jpg")
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match=words):
        unpack(tmp_path / "a.zip", tmp_path / "out", 1)


@pytest.mark.parametrize("mode", ["zip", "w:gz", "w:xz"])
def test_an_archive_that_grows_past_the_limit_is_stopped(tmp_path: Path, mode: str) -> None:
    entries = {f"{n}.png": bytes(3_000_000) for n in range(4)}
    path = tmp_path / "bomb"
    make_zip(path, entries) if mode == "zip" else make_tar(path, entries, mode)
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"grows past 0.01 GB") as caught:
        unpack(path, tmp_path / "out", 0.01)
    assert "max_unpacked_gb" in str(caught.value.hint)
    assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*.png")) <= 10_000_000


def test_a_zip_whose_header_lies_about_the_size_is_counted_by_what_comes_out(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.png": bytes(5_000_000)})
    data = path.read_bytes().replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(DataError):
        unpack(path, tmp_path / "out", 0.001)


def test_what_nobody_wants_counts_too_where_it_has_to_be_read(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", {"huge.bin": bytes(30_000_000), "a.jpg": PHOTO}, "w:gz")
    with pytest.raises(DataError, match="grows past"):
        unpack(path, tmp_path / "out", 0.005)


def test_a_tar_header_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 10**9
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", 1) as out:
        out.write(info.tobuf())
        for _ in range(40):
            out.write(bytes(10**6))
    with pytest.raises(DataError, match="headers do not end"):
        unpack(path, tmp_path / "out", 1)


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_too_many_entries_are_refused(tmp_path: Path, make: type) -> None:
    path = make(tmp_path / "many", {f"{n}.jpg": b"" for n in range(11)})
    assert unpack(path, tmp_path / "out", 1, max_entries=11) == 11
    with pytest.raises(DataError, match="more than 10 entries"):
        unpack(path, tmp_path / "out2", 1, max_entries=10)


def test_encrypted_is_said_so(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.jpg": PHOTO})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the local header, and in the table of contents
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="encrypted"):
        unpack(path, tmp_path / "out", 1)


# A plain tar has no checksum of its contents, so there only a missing end shows; photos are checked one by one later.
_COMPRESSED = ("zip", "w:gz", "w:bz2", "w:xz")


@pytest.mark.parametrize(("mode", "harm"), [("w", "cut"), *((m, h) for m in _COMPRESSED for h in ("cut", "changed"))])
def test_damage_is_said_so(tmp_path: Path, mode: str, harm: str) -> None:
    path = tmp_path / "a"
    entries = {"a.jpg": PHOTO + bytes(str(list(range(3000))), "ascii")}
    make_zip(path, entries) if mode == "zip" else make_tar(path, entries, mode)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    if harm == "cut":
        del data[middle:]
    else:
        data[middle] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DamagedArchiveError, match="damaged"):
        unpack(path, tmp_path / "out", 1)


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_text("<!DOCTYPE html>")
    assert kind(path) is None
    with pytest.raises(DataError, match="no zip or tar"):
        unpack(path, tmp_path / "out", 1)


def test_names_that_clash_end_in_an_error(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.jpg": b"x", "a.jpg/b.jpg": b"y"})
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out", 1)
