"""Zip and tar archives from strangers: what they are, what they hold, and unpacking that cannot be turned against us.

Refused: paths that lead outside, links, devices, encrypted entries, more entries or more bytes than allowed. Bytes
are counted as they come out, because headers lie.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal, cast

from tilecli import progress
from tilecli.data.names import is_photo_name
from tilecli.errors import DataError

MAX_ENTRIES = 1_000_000  # far past any set of photos, far below what fills a disk's table of files
_HEADER_BYTES = 2**20  # what a tar may spend on the headers before one entry; honest ones need a few KB
_CHUNK = 2**18
_GB = 10**9
_COMPRESSED = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}  # how their files begin
_CORRUPT = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile)

Entry = tuple[str, IO[bytes]]


class DamagedArchiveError(DataError):
    """The archive's bytes are not what they were when it was made."""


def kind(path: Path) -> Literal["zip", "tar"] | None:
    """What the file is by its content; None where it is no archive that tiles reads."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(tuple(_COMPRESSED)) or start[257:262] == b"ustar":
        return "tar"
    return None


def safe_name(name: str) -> str:
    """An entry's name as a POSIX path that stays inside the folder it is unpacked into.

    Raises DataError where it leads elsewhere. Backslashes separate too: archives from Windows hold them.
    """
    text = name.replace("\\", "/")
    if text.startswith("/") or re.match(r"[A-Za-z]:", text):
        raise DataError(f"the archive holds an absolute path: {name!r}")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise DataError(f"the archive holds a path that leads outside: {name!r}")
    if "\0" in text or not parts:
        raise DataError(f"the archive holds an entry without a usable name: {name!r}")
    return "/".join(parts)


def list_names(path: Path, max_gb: float, max_entries: int = MAX_ENTRIES) -> list[str]:
    """The names of all files in the archive; a tar has to be read through for it. Raises as `unpack` does."""
    with _entries(path, int(max_gb * _GB), max_entries) as entries:
        return [name for name, _ in entries]


def unpack(
    path: Path,
    into: Path,
    max_gb: float,
    wanted: Callable[[str], bool] = is_photo_name,
    max_entries: int = MAX_ENTRIES,
) -> int:
    """Unpack the files whose name is `wanted` into the folder `into`; returns how many those are.

    Raises DataError for anything refused and for an archive that is corrupt or encrypted.
    """
    limit = int(max_gb * _GB)
    written = count = 0
    with (
        progress.task("unpack", unit="B") as running,
        _entries(path, limit, max_entries) as entries,
    ):
        for name, stream in entries:
            if not wanted(name):
                continue
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                while chunk := stream.read(_CHUNK):
                    written += len(chunk)
                    if written > limit:
                        raise _too_big(limit)
                    out.write(chunk)
                    running.advance(len(chunk))
            count += 1
    return count


@contextlib.contextmanager
def _entries(path: Path, limit: int, max_entries: int) -> Iterator[Iterator[Entry]]:
    """The archive's files as (safe name, stream); every way in which an archive can be bad becomes a DataError."""
    try:
        archive_kind = kind(path)
        if archive_kind == "zip":
            with zipfile.ZipFile(path) as archive:
                yield _zip_entries(archive, max_entries)
        elif archive_kind == "tar":
            with _open_tar_stream(path) as stream:
                yield _tar_entries(_Metered(stream, limit), max_entries)
        else:
            raise DataError("this is no zip or tar archive")
    except DataError as error:
        raise DataError(error.message, where=str(path), hint=error.hint) from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile's words for encrypted and for unknown methods
        raise DataError(f"the archive cannot be unpacked: {error}", where=str(path)) from error
    except _CORRUPT as error:
        raise DamagedArchiveError(f"the archive is damaged or cut short: {error}", where=str(path)) from error
    except OSError as error:
        if error.errno is None:  # how bz2 reports damage
            raise DamagedArchiveError(f"the archive is damaged: {error}", where=str(path)) from error
        raise DataError(f"the archive cannot be unpacked: {error.strerror}", where=str(path)) from error


def _zip_entries(archive: zipfile.ZipFile, max_entries: int) -> Iterator[Entry]:
    infos = archive.infolist()
    if len(infos) > max_entries:
        raise _too_many(max_entries)
    # Everything is judged before anything is written.
    names = [_judged(info.filename, info.is_dir()) for info in infos]
    for info in infos:
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode == stat.S_IFLNK:
            raise DataError(f"the archive holds a link: {info.filename!r}")
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(f"the archive holds a device or pipe: {info.filename!r}")
        if info.flag_bits & 1:
            raise DataError("the archive is encrypted", hint="unpack it yourself and give the folder as source")
    for name, info in zip(names, infos, strict=True):
        if not info.is_dir():
            with archive.open(info) as stream:
                yield name, stream


def _tar_entries(stream: _Metered, max_entries: int) -> Iterator[Entry]:
    count = 0
    stream.allow(_HEADER_BYTES)
    # "r|" reads strictly forward, so what comes before the next entry is up can be metered.
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # else a million entries stay in memory
            count += 1
            if count > max_entries:
                raise _too_many(max_entries)
            name = _judged(member.name, member.isdir())
            if member.issym() or member.islnk():
                raise DataError(f"the archive holds a link: {member.name!r}")
            if not (member.isreg() or member.isdir()):
                raise DataError(f"the archive holds a device or pipe: {member.name!r}")
            if member.isreg() and (content := archive.extractfile(member)) is not None:
                stream.allow(None)
                yield name, content
                while content.read(_CHUNK):  # whoever asked may not have wanted it
                    pass
            stream.allow(_HEADER_BYTES)
    stream.allow(None)
    while stream.read(_CHUNK):  # the checksum of a compressed tar comes behind its padding
        pass


def _judged(name: str, folder: bool) -> str:
    # Many tars open with an entry for "./" itself; folders are made when a file needs them.
    if folder and not any(part not in ("", ".") for part in name.split("/")):
        return ""
    return safe_name(name)


def _open_tar_stream(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        start = stream.read(8)
    match next((name for magic, name in _COMPRESSED.items() if start.startswith(magic)), None):
        case "gz":
            return cast("IO[bytes]", gzip.open(path))
        case "bz2":
            return bz2.open(path)
        case "xz":
            return lzma.open(path)
    return path.open("rb")


class _Metered:
    """A stream that stops giving once more than `limit` bytes came out of it, or more than is allowed for headers."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit = stream, limit
        self._total = 0
        self._headers: int | None = None  # bytes left for headers; None: an entry's content is being read

    def allow(self, headers: int | None) -> None:
        """From now on `headers` bytes may come; None: as many as the whole limit leaves."""
        self._headers = headers

    def read(self, size: int) -> bytes:
        """As a file's read."""
        data = self._stream.read(size)
        self._total += len(data)
        # Blocks of a tar are padded and headed; an archive of many small files holds more than its files.
        if self._total > 2 * self._limit + _HEADER_BYTES:
            raise _too_big(self._limit)
        if self._headers is not None:
            self._headers -= len(data)
            if self._headers < 0:
                raise DataError("the archive's headers do not end")
        return data


def _too_big(limit: int) -> DataError:
    return DataError(
        f"the archive grows past {limit / _GB:g} GB",
        hint="if you trust it, raise the limit: tiles fetch -S data.max_unpacked_gb=…",
    )


def _too_many(max_entries: int) -> DataError:
    return DataError(f"the archive holds more than {max_entries:,} entries")
