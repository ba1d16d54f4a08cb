"""Small photos with masks in the layout `images/<type>/` and `masks/<type>/`: each of a tile of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH = 32, 40


def noise(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A photo that looks like no other."""
    coarse = np.random.default_rng(seed).integers(40, 200, (height // 2, width // 2), np.uint8)
    return np.kron(coarse, np.ones((2, 2), np.uint8))


def spot(left: int = 3, top: int = 4, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A mask with one small defect."""
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + 5, left : left + 8] = 255
    return mask


def put(path: Path, values: np.ndarray, *settings: int) -> Path:
    """Write an image by its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(cv2.imencode(path.suffix, values, list(settings))[1]))
    return path


def put_photo(folder: Path, defect: str, name: str, photo: np.ndarray, mask: np.ndarray | None = None) -> Path:
    """One photo, with its mask where it has one."""
    if mask is not None:
        put(folder / "masks" / defect / f"{name}.png", mask)
    return put(folder / "images" / defect / f"{name}.png", photo)


def write_photos(folder: Path, types: Mapping[str, int], seed: int, prefix: str = "p") -> Path:
    """So many photos of each type; `good` ones have no mask."""
    for number, defect in enumerate(kind for kind, count in types.items() for _ in range(count)):
        mask = None if defect == "good" else spot(left=number % 20)
        put_photo(folder, defect, f"{prefix}{seed}_{number:03}", noise(1000 * seed + number), mask)
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    if not any((folder / "masks").iterdir()):  # the layout is told by both folders
        put_photo(folder, "crack", f"{prefix}{seed}_more", noise(1000 * seed + 999), spot())
    return folder
