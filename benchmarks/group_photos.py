"""How the search for photos of one tile grows: seconds of processor and peak memory, checked where it can be.

    python benchmarks/group_photos.py [PHOTOS …]    default: 1000 10000 100000

Hashes are those of made-up textures, five photos to a spot at rising grain; half the time burst numbers are known.
Up to 10,000 photos the answer is compared with that of looking at every pair. Each size runs in a process of its own,
so that the memory is its own (Linux only).
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from tilecli.data import linking, tiles
from tilecli.data.hashing import Words, difference_hash

CHECKED = 10_000  # photos; every pair of ten times as many takes ten minutes


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
        return
    for count in sys.argv[1:] or ["1000", "10000", "100000"]:
        subprocess.run([sys.executable, __file__, "--one", count], check=True)


def measure(count: int) -> None:
    hashes, numbers = photos(count)
    for what, known in (("with burst numbers", numbers), ("without", np.full(count, np.nan))):
        Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is a new one
        before = status_mb("VmRSS")
        start = time.process_time()
        found = tiles.link(hashes, known, (tiles.TILE, tiles.FAMILY))
        seconds = time.process_time() - start
        tile_count = len(np.unique(found[0]))
        print(
            f"{count:7} photos {what}: {seconds:.2f} s, {status_mb('VmHWM') - before:.0f} MB more, {tile_count} tiles",
            end="",
        )
        print(", as by every pair" if count <= CHECKED and check(hashes, known, found) else "", flush=True)


def check(hashes: Words, numbers: np.ndarray, found: list[np.ndarray]) -> bool:
    few, linking._FEW = linking._FEW, len(hashes) + 1
    by_pairs = tiles.link(hashes, numbers, (tiles.TILE, tiles.FAMILY))
    linking._FEW = few
    assert all(np.array_equal(one, other) for one, other in zip(found, by_pairs, strict=True))
    return True


def photos(count: int) -> tuple[Words, np.ndarray]:
    """Hashes and burst numbers."""
    rng = np.random.default_rng(1)
    hashes = []
    numbers = []
    for index in range(count):
        if index % 5 == 0:
            texture = cv2.GaussianBlur(rng.normal(size=(32, 33)), (0, 0), 0.8)
        grain = rng.normal(scale=rng.uniform(0, 0.25), size=texture.shape)
        hashes.append(difference_hash(np.asarray(np.clip(128 + 60 * (texture + grain), 0, 255), np.uint8)))
        numbers.append(300.0 * (index // 5) + 20 * (index % 5))
    return np.stack(hashes), np.array(numbers)


def status_mb(name: str) -> float:
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
