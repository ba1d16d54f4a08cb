"""Compiled models kept between processes, so that `tiles predict` need not compile the same bundle again.

Blobs lie in the user's cache folder, are written whole, and are bounded in number. Whatever goes wrong with them
costs time, never the prediction.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path

from tilecli import files
from tilecli.inference.bundle import Bundle

KEPT = 4  # newest blobs that stay; each is about as large as its model
_SUFFIX = ".blob"


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


def blob_path(bundle: Bundle, machine: dict[str, str]) -> Path | None:
    """Where the compiled form of this very model for this very machine and settings belongs; None: nowhere."""
    folder = cache_folder()
    if folder is None:
        return None
    facts = bundle.model.stat()
    # Size and time catch a model that was replaced without its bundle.json; hashing 100 MB would cost what we save.
    key = {"sha256": bundle.model_sha256, "size": facts.st_size, "mtime": facts.st_mtime_ns, **machine}
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    return folder / "compiled" / f"{name}{_SUFFIX}"


def store(path: Path, data: bytes) -> None:
    """Keep `data` at `path` and drop the blobs that were not used for longest; a full or read-only disk is no error."""
    with contextlib.suppress(OSError):
        with files.whole_file(path) as temporary:
            temporary.write_bytes(data)
        blobs = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda blob: blob.stat().st_mtime_ns, reverse=True)
        for old in blobs[KEPT:]:
            old.unlink(missing_ok=True)


def drop(path: Path) -> None:
    """Remove a blob that turned out to be of no use."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def touch(path: Path) -> None:
    """Mark a blob as just used."""
    with contextlib.suppress(OSError):
        os.utime(path)
