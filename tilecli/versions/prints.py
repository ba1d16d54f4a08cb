"""What photos look like, remembered by their files' MD5: a dataset of many photos is decoded once, not per batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tilecli import files
from tilecli.data.hashing import WORDS, Prints, Words, take_prints
from tilecli.layout import Project


def prints_of(project: Project, photos: Mapping[Path, str]) -> Prints:
    """Prints of the photos at these paths, in their order; path → MD5 of its file.

    What is remembered is what was asked for last: other photos are forgotten.
    """
    kept = project.scratch / "prints.npz"
    known = _read(kept)
    new = {md5: path for path, md5 in photos.items() if md5 not in known}
    if new:
        taken = take_prints(list(new.values()))
        known |= dict(zip(new, zip(taken.hashes, taken.contents, strict=True), strict=True))
        _write(kept, {md5: known[md5] for md5 in photos.values()})
    found = [known[md5] for md5 in photos.values()]
    hashes = np.stack([words for words, _ in found]) if found else np.zeros((0, WORDS), np.uint64)
    return Prints(hashes, tuple(content for _, content in found))


def _read(kept: Path) -> dict[str, tuple[Words, str]]:
    try:
        with np.load(kept, allow_pickle=False) as held:
            md5s, contents = held["md5s"].tolist(), held["contents"].tolist()
            return dict(zip(md5s, zip(held["hashes"], contents, strict=True), strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _write(kept: Path, known: Mapping[str, tuple[Words, str]]) -> None:
    with files.whole_file(kept) as temporary:
        np.savez(
            temporary,
            md5s=np.array(list(known)),
            hashes=np.stack([words for words, _ in known.values()]),
            contents=np.array([content for _, content in known.values()]),
        )
