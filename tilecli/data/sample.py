"""The built-in sample: synthetic magnetic tiles, each photographed under several exposures, laid out like the real set.

Who is photographed when, and the files, are made here; the tile's surface in `sample_surface`, its defects in
`sample_defects`. The same seed gives the same bytes, whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli.data.sample_defects import DEFECTS
from tilecli.data.sample_surface import Rng, Uint8, make_surface, render
from tilecli.errors import DataError
from tilecli.files import whole_folder
from tilecli.opencv import cv2
from tilecli.progress import track

SOUND = "Free"  # the real set's word for a tile without a defect

# Four of nine tiles are sound; the rest is shared evenly by the five defects.
_CYCLE = (SOUND, "Blowhole", SOUND, "Break", "Crack", SOUND, "Fray", "Uneven", SOUND)
_GAINS = (0.68, 0.82, 0.97, 1.14, 1.33, 1.55)  # of exp1 to exp6
_SHORT_PX, _LONG_PX = (130, 200), (190, 300)  # smaller than the real ones, so that a demo trains in a minute
_SLACK_PX = 2  # a tile moves by less than this between two photos of a burst
_MIN_EXPOSURES = 3
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class Shot:
    """One photo to take: of `tile` under exposure 1–6; where `hidden`, its defect does not show."""

    tile: int
    exposure: int
    number: int
    hidden: bool = False


def plan_sample(tiles: int, seed: int) -> tuple[list[str], list[Shot]]:
    """Each tile's type and, in the order they are taken, the photos. Pure: same arguments, same plan."""
    rng = np.random.default_rng(seed)
    kinds = [_CYCLE[i % len(_CYCLE)] for i in range(tiles)]
    rng.shuffle(kinds)
    # As in the real set, a few bursts hold two types: in one exposure the defect cannot be made out.
    spoilt = [tile for tile, kind in enumerate(kinds) if kind in ("Blowhole", "Crack", "Uneven")]
    mixed = set(rng.choice(spoilt, size=min(len(spoilt), max(1, tiles // 24)), replace=False).tolist())
    shots: list[Shot] = []
    number = int(rng.integers(300, 900))
    for tile in range(tiles):
        count = int(rng.integers(_MIN_EXPOSURES, len(_GAINS) + 1))
        exposures = sorted(int(e) + 1 for e in rng.choice(len(_GAINS), size=count, replace=False))
        for exposure in exposures:
            shots.append(Shot(tile, exposure, number, hidden=tile in mixed and exposure == exposures[0]))
            number += int(rng.integers(12, 46))
        number += int(rng.integers(400, 4000))  # the line runs on until the next tile is picked
    return kinds, shots


def draw_tile(kind: str, shots: list[Shot], rng: Rng) -> list[tuple[str, Uint8, Uint8]]:
    """Photograph one tile of type `kind`: for each shot its type, photo (H×W uint8) and mask (H×W uint8, 0 or 1).

    Photos of a tile differ by exposure, noise and a few px of framing. The type is Free where the defect is hidden.
    """
    long, short = int(rng.integers(*_LONG_PX)), int(rng.integers(*_SHORT_PX))
    height, width = (long, short) if rng.random() < 0.6 else (short, long)
    sound = make_surface(rng, (height + _SLACK_PX, width + _SLACK_PX))
    spoilt, mask = sound.copy(), np.zeros(sound.shape, np.uint8)
    if kind != SOUND:
        mask = DEFECTS[kind](rng, spoilt)
    across = rng.random() < 0.5  # the grinding runs along the rows
    brightness = rng.uniform(0.88, 1.15)
    photos = []
    for shot in shots:
        photo = render(rng, sound if shot.hidden else spoilt, brightness * _GAINS[shot.exposure - 1])
        shown = np.zeros_like(mask) if shot.hidden else mask
        y, x = (int(v) for v in rng.integers(0, _SLACK_PX, 2))
        photo, shown = photo[y : y + height, x : x + width], shown[y : y + height, x : x + width]
        if across:
            photo, shown = photo.T, shown.T
        photos.append((SOUND if shot.hidden else kind, np.ascontiguousarray(photo), np.ascontiguousarray(shown)))
    return photos


def write_sample(folder: Path, tiles: int, seed: int) -> None:
    """Write the photos of `tiles` tiles as `folder`/MT_<Type>/Imgs/exp<E>_num_<N>.jpg, each with a .png mask (0, 255).

    `folder` appears when all is written; raises DataError where it already holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError("the sample needs an empty folder, and this one is not", where=str(folder))
    kinds, shots = plan_sample(tiles, seed)
    with whole_folder(folder) as temporary:
        for kind in (*DEFECTS, SOUND):
            (temporary / f"MT_{kind}" / "Imgs").mkdir(parents=True)
        for tile in track(range(tiles), "draw the sample", unit="tile"):
            mine = [shot for shot in shots if shot.tile == tile]
            # A generator per tile: a change to one tile's drawing leaves the others as they are.
            drawn = draw_tile(kinds[tile], mine, np.random.default_rng((seed, tile)))
            for shot, (kind, photo, mask) in zip(mine, drawn, strict=True):
                stem = temporary / f"MT_{kind}" / "Imgs" / f"exp{shot.exposure}_num_{shot.number}"
                _write(stem.with_suffix(".jpg"), photo, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
                _write(stem.with_suffix(".png"), mask * np.uint8(255), [])


def _write(path: Path, picture: Uint8, options: list[int]) -> None:
    # Encoding in memory: a full disk then raises OSError, where cv2.imwrite would only return False.
    _, data = cv2.imencode(path.suffix, picture, options)
    path.write_bytes(data.tobytes())
