"""The five defects of the synthetic tiles, cut into a surface in place; each gives the mask of what it spoilt.

Sound surfaces come from `sample_surface`. A mask is H×W uint8, 1 on the defect, and follows from the very shape that
was drawn, so that it is exact; nothing narrower than about 4 px is marked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tilecli.data.sample_surface import (
    Float32,
    Rng,
    Surface,
    Uint8,
    field,
    grid,
    make_glints,
    make_grinding,
    stroke,
    walk,
)
from tilecli.opencv import cv2

_CLEARANCE_PX = 14  # a hole or a crack's start keeps this far from the edge of the tile


def add_blowhole(rng: Rng, surface: Surface) -> Uint8:
    """One to three small dark holes with a lit lower rim."""
    hole = np.full(surface.shape, -np.inf, np.float32)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        y, x = _spot(rng, surface)
        hole = np.maximum(hole, _blob(rng, surface.shape, y, x, rng.uniform(5, 9.5), rng.uniform(1, 1.8)))
    cover = np.clip(hole / 1.6 + 0.5, 0, 1)
    rim = np.clip(np.roll(cover, (2, 1), (0, 1)) - cover, 0, 1)
    floor = rng.uniform(0.25, 0.48) * (1 + 0.2 * field(rng, surface.shape, 3, 3))
    _blend(surface.tone, floor, cover)
    surface.tone[:] *= 1 + rng.uniform(0.05, 0.3) * rim
    _flatten(surface, cover)
    return _mask(hole, surface)


def add_crack(rng: Rng, surface: Surface) -> Uint8:
    """A thin dark zigzag, mostly from an edge inwards, sometimes forked; marked about 5 px wide."""
    height, width = surface.shape
    centre = np.array([width / 2, height / 2])
    if rng.random() < 0.7:
        side = int(rng.integers(0, 4))
        along = rng.uniform(0.2, 0.8)
        start = [(0, along * height), (width, along * height), (along * width, 0), (along * width, height)][side]
    else:
        y, x = _spot(rng, surface)
        start = (x, y)
    towards = centre - start
    angle = float(np.arctan2(towards[1], towards[0]) + rng.normal(0, 0.35))
    path = walk(rng, start, angle, rng.uniform(0.45, 0.9) * min(height, width), 0.32)
    cover = stroke(surface.shape, path, np.linspace(rng.uniform(2.4, 3.6), 1.5, len(path)).astype(np.float32))
    if rng.random() < 0.35:
        fork = walk(rng, tuple(path[len(path) // 2]), angle + rng.choice([-0.7, 0.7]), rng.uniform(20, 50), 0.3)
        cover = np.maximum(cover, stroke(surface.shape, fork, np.linspace(1.8, 1.3, len(fork)).astype(np.float32)))
    cover *= surface.inside
    lit = np.clip(np.roll(cover, (1, 2), (0, 1)) - cover, 0, 1)
    surface.tone[:] *= (1 - rng.uniform(0.62, 0.8) * cover) * (1 + 0.2 * lit)
    surface.glints[:] *= 1 - cover
    return np.asarray(cv2.dilate((cover > 0.3).astype(np.uint8), np.ones((3, 3), np.uint8)), np.uint8)


def add_break(rng: Rng, surface: Surface) -> Uint8:
    """A chipped corner or edge: rough, shaded fracture instead of grinding, with a dark step at its border."""
    height, width = surface.shape
    inside = np.argwhere(surface.edge > 0)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0)
    y = float(rng.choice([top, bottom]) if rng.random() < 0.75 else rng.uniform(top, bottom))
    x = float(rng.choice([left, right]) if top < y < bottom or rng.random() < 0.6 else rng.uniform(left, right))
    size = rng.uniform(0.14, 0.26) * min(height, width)
    chip = _blob(rng, surface.shape, y, x, size, rng.uniform(1, 1.8), jag=0.14)
    chip = chip + 1.3 * field(rng, surface.shape, 5, 5)
    cover = np.clip(chip + 0.5, 0, 1)
    relief = 8 * field(rng, surface.shape, 34, 34) + 2.2 * field(rng, surface.shape, 12, 12)
    relief = relief + 0.35 * field(rng, surface.shape, 3, 3)
    lit_from = rng.uniform(0, 2 * np.pi)
    slope = np.cos(lit_from) * np.gradient(relief, axis=0) + np.sin(lit_from) * np.gradient(relief, axis=1)
    fracture = rng.uniform(0.42, 0.65) * (1 + np.clip(0.5 * slope, -0.5, 0.8))
    _blend(surface.tone, fracture, cover)
    step = np.exp(-(((chip - 1.0) / 1.5) ** 2))
    surface.tone[:] *= 1 - rng.uniform(0.35, 0.6) * step
    _flatten(surface, cover)
    return _mask(chip, surface)


def add_fray(rng: Rng, surface: Surface) -> Uint8:
    """A matt, mottled patch where the grinding is worn off, frayed into streaks at its ends."""
    height, width = surface.shape
    rows, columns = grid(surface.shape)
    y, x = rng.uniform(0.1, 0.9) * height, rng.uniform(0.2, 0.8) * width
    tall, wide = rng.uniform(0.24, 0.42) * height, rng.uniform(0.16, 0.27) * width
    body = 1 - np.sqrt(((rows - y) / tall) ** 2 + ((columns - x) / wide) ** 2)
    frayed = body * 1.6 + 0.22 * field(rng, surface.shape, 30, 4) + 0.12 * field(rng, surface.shape, 12, 9)
    solid = cv2.GaussianBlur((frayed > 0).astype(np.float32), (0, 0), 1.4)
    # Crumbs and pinholes of the threshold would be ambiguous to mark: only the largest piece stays, filled.
    piece = cv2.morphologyEx((solid > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 3), np.uint8))
    piece = _largest(cv2.morphologyEx(piece, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8)))
    cover = cv2.GaussianBlur(piece.astype(np.float32), (0, 0), 0.8)
    mottle = 1 + 0.1 * field(rng, surface.shape, 7, 7) + 0.07 * field(rng, surface.shape, 2.5, 2.5)
    specks = np.clip(field(rng, surface.shape, 2, 2) - 1.9, 0, 1)
    _blend(surface.tone, rng.choice([0.62, 0.7, 0.76, 1.12]) * mottle + 0.8 * specks, cover)
    _flatten(surface, cover)
    return np.asarray(piece * (surface.edge > 0), np.uint8)


def add_uneven(rng: Rng, surface: Surface) -> Uint8:
    """A part of the tile that was ground differently: coarser, stronger marks behind a clear border."""
    height, width = surface.shape
    rows, columns = grid(surface.shape)
    wobble = 2.5 * field(rng, surface.shape, 40, 40)
    share, lean = rng.uniform(0.2, 0.42), rng.uniform(-0.15, 0.15)
    form = int(rng.integers(0, 4))
    down = rows if rng.random() < 0.5 else height - rows
    across = columns if rng.random() < 0.5 else width - columns
    if form == 0:  # one end
        area = share * height - down + lean * (columns - width / 2)
    elif form == 1:  # one side
        area = share * width - across + lean * (rows - height / 2)
    elif form == 2:  # a corner, cut obliquely
        area = (1.5 * share - down / height * rng.uniform(0.7, 1.2) - across / width) * min(height, width) * 0.7
    else:  # a block
        middle = rng.uniform(0.25, 0.75) * height
        area = np.minimum(0.7 * share * height - np.abs(rows - middle), (share + 0.25) * width - across)
    area = area + wobble
    cover = np.clip(area / 2 + 0.5, 0, 1)
    coarse = make_grinding(rng, surface.shape, rng.uniform(2.6, 4), rng.uniform(0.22, 0.34))
    lines = round(rng.uniform(0.12, 0.3) * width)
    shine = make_glints(rng, surface.shape, lines, rng.uniform(0.4, 0.9)) * surface.light
    _blend(surface.grinding, coarse, cover)
    _blend(surface.glints, shine, cover)
    surface.tone[:] *= 1 + (rng.choice([0.85, 1.0, 1.15, 1.3]) - 1) * cover
    return _mask(area, surface)


DEFECTS: dict[str, Callable[[Rng, Surface], Uint8]] = {
    "Blowhole": add_blowhole,
    "Break": add_break,
    "Crack": add_crack,
    "Fray": add_fray,
    "Uneven": add_uneven,
}


def _spot(rng: Rng, surface: Surface) -> tuple[float, float]:
    """Row and column of a pixel well inside the tile and the picture."""
    rows, columns = grid(surface.shape)
    height, width = surface.shape
    border = np.minimum(np.minimum(rows, height - rows), np.minimum(columns, width - columns))
    candidates = np.argwhere(np.minimum(surface.edge, border) > _CLEARANCE_PX)
    y, x = candidates[rng.integers(0, len(candidates))]
    return float(y), float(x)


def _blob(
    rng: Rng, shape: tuple[int, int], y: float, x: float, radius: float, aspect: float, jag: float = 0.08
) -> Float32:
    """H×W: how far inside a lumpy ellipse around (y, x) each pixel lies, px; negative outside."""
    rows, columns = grid(shape)
    turn = rng.uniform(0, np.pi)
    dy, dx = rows - y, columns - x
    along, across = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    stretch = np.sqrt(aspect)
    distance = np.hypot(along / stretch, across * stretch)
    angle = np.arctan2(across, along)
    outline = 1 + sum(jag * rng.normal() * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) * 2 / k for k in range(2, 9))
    return np.asarray(radius * outline - distance, np.float32)


def _blend(layer: Float32, value: Float32, cover: Float32) -> None:
    """Let `value` take the place of `layer`, in place, as far as `cover` (0–1) goes."""
    layer += cover * (value - layer)


def _flatten(surface: Surface, cover: Float32) -> None:
    """Take away, in place, grinding marks and glints as far as `cover` goes."""
    surface.grinding[:] *= 1 - 0.95 * cover
    surface.glints[:] *= 1 - cover


def _mask(shape: Float32, surface: Surface) -> Uint8:
    """What of `shape` (px inside) lies on the tile, in one piece per piece drawn."""
    mask = ((shape > 0) & (surface.edge > 0)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)


def _largest(mask: Uint8) -> Uint8:
    """The largest connected piece of `mask`, its holes filled."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled
