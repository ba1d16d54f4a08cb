"""Keeps what was read from git objects. Objects never change, so nothing kept here is ever out of date.

Whatever is wrong with the file (damaged, locked, read-only, of another version) costs time and nothing else: every
entry carries a checksum, and what cannot be had is read again.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FORMAT = 1  # of the entries; a file of another format is made anew
_WAIT_S = 0.25  # for another process that is writing; reading everything again takes little longer
_AT_ONCE = 500  # names in one query; SQLite takes at least 999


class Cache:
    """A mapping of names to JSON values in the file `path`; no file at all with None."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of those names that are known."""
        wanted = list(dict.fromkeys(names))
        if self._path is None or not wanted or not self._path.exists():
            return {}
        found: dict[str, Any] = {}
        try:
            with contextlib.closing(self._open()) as database:
                for first in range(0, len(wanted), _AT_ONCE):
                    part = wanted[first : first + _AT_ONCE]
                    marks = ",".join("?" * len(part))
                    query = f"SELECT name, checksum, value FROM facts WHERE name IN ({marks})"  # noqa: S608 - only ?
                    for name, checksum, value in database.execute(query, part):
                        if checksum == _checksum(name, value):
                            found[name] = json.loads(value)
        except (sqlite3.Error, OSError, ValueError, TypeError, AttributeError) as error:
            self._give_up(error)
        return found

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep `values`, if that is possible."""
        if self._path is None or not values:
            return
        texts = ((name, json.dumps(value, separators=(",", ":"))) for name, value in values.items())
        rows = [(name, _checksum(name, text), text) for name, text in texts]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _open(self) -> sqlite3.Connection:
        assert self._path is not None  # noqa: S101 - for mypy; both callers have looked
        database = sqlite3.connect(self._path, timeout=_WAIT_S)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version != FORMAT:
                with database:
                    database.execute("DROP TABLE IF EXISTS facts")
                    database.execute(
                        "CREATE TABLE facts (name TEXT PRIMARY KEY, checksum INTEGER, value TEXT) WITHOUT ROWID"
                    )
                    database.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            database.close()
            raise
        return database

    def _give_up(self, error: Exception) -> None:
        """Do without the file from here on; throw away one that no longer is what it should be."""
        # An OperationalError (locked, read-only, disk full) passes; any other DatabaseError is damage.
        passes = isinstance(error, (sqlite3.OperationalError, OSError))
        if self._path is not None and not passes:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._path = None


class Remembering(Cache):
    """A cache whose values also stay in memory, for a process that asks again and again.

    The values are shared with whoever asked before, so nobody may change them.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self._values: dict[str, Any] = {}

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of those names that are known."""
        wanted = list(names)
        self._values |= super().get(name for name in wanted if name not in self._values)
        return {name: self._values[name] for name in wanted if name in self._values}

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep `values`: in memory always, in the file if that is possible."""
        self._values |= values
        super().put(values)


def _checksum(name: str, value: str) -> int:
    return zlib.crc32(f"{name}\n{value}".encode("utf-8", "surrogatepass"))
