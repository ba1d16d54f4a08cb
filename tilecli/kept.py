"""Files kept between processes for what takes long to make again, such as a compiled model for `tiles predict`.

They lie in the user's cache folder, are written whole, and are bounded in number. Whatever goes wrong with them costs
time, never the result.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from tilecli import files

KEPT = 4  # newest files of a kind that stay; each is at most about as large as its model


def cache_folder() -> Path | None:
    """tiles' folder in the user's cache; None where the system names no place for one."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given) / "tiles"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "tiles"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "tiles" / "Cache"
    return home / ".cache" / "tiles"


def store(path: Path, data: bytes, most: int = KEPT) -> None:
    """Keep `data` at `path` and the `most` files used last of its kind; a full or read-only disk is no error."""
    with contextlib.suppress(OSError):
        with files.whole_file(path) as temporary:
            temporary.write_bytes(data)
        alike = sorted(path.parent.glob(f"*{path.suffix}"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in alike[most:]:
            old.unlink(missing_ok=True)


def drop(path: Path) -> None:
    """Remove a file that turned out to be of no use."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def touch(path: Path) -> None:
    """Mark a file as just used."""
    with contextlib.suppress(OSError):
        os.utime(path)
