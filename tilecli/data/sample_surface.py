"""A sound synthetic magnetic tile and the light on it: grinding marks, chamfers, margins, stains, scratches, dust.

Nothing here is a defect, although much of it looks like one; defects are cut into a surface by `sample_defects`,
bursts and files are made by `sample`. Everything follows from the generator handed in. NumPy and OpenCV only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli.opencv import cv2

Float32 = npt.NDArray[np.float32]
Uint8 = npt.NDArray[np.uint8]
Rng = np.random.Generator

_SUPERSAMPLING = 4  # lines are drawn this much larger and averaged down, for widths below 1 px


@dataclass(frozen=True)
class Surface:
    """One tile as it is, whatever the exposure. Layers are H×W float32; grinding runs along the columns (down).

    A pixel's brightness is gain × (light × tone × (1 + grinding) + glints), faded to the background outside the tile.
    """

    inside: Float32  # share of the pixel that the tile covers, 0–1
    edge: Float32  # distance to the nearest edge of the tile in px, negative outside it
    tone: Float32  # reflectance, 1 is the bare tile
    grinding: Float32  # relative brightness of the grinding marks, mean 0
    glints: Float32  # what the marks mirror into the camera, 0 or more
    light: Float32  # illumination, about 1

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return int(self.tone.shape[0]), int(self.tone.shape[1])

    def copy(self) -> Surface:
        """The same surface with layers of its own."""
        layers = (self.inside, self.edge, self.tone, self.grinding, self.glints, self.light)
        return Surface(*(layer.copy() for layer in layers))


def field(rng: Rng, shape: tuple[int, int], down: float, across: float) -> Float32:
    """Smooth random H×W field of mean 0 and spread about 1, with lumps of `down` × `across` px."""
    # Twice as fine as the lumps and blurred before it is enlarged: straight from the noise, its lattice would show.
    cells = (max(2, round(2 * shape[0] / down) + 1), max(2, round(2 * shape[1] / across) + 1))
    coarse = 3.2 * cv2.GaussianBlur(rng.standard_normal(cells, dtype=np.float32), (0, 0), 0.95)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def grid(shape: tuple[int, int]) -> tuple[Float32, Float32]:
    """Row and column of every pixel, as H×1 and 1×W float32 (they broadcast)."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    return rows, np.arange(shape[1], dtype=np.float32)[None, :]


def stroke(shape: tuple[int, int], points: npt.NDArray[np.floating], widths: Float32) -> Float32:
    """Share of each pixel covered by a polyline: N×2 `points` (x, y) in px, N `widths` in px."""
    canvas = np.zeros((shape[0] * _SUPERSAMPLING, shape[1] * _SUPERSAMPLING), np.uint8)
    corners = np.rint(points * _SUPERSAMPLING).astype(int)
    for start, end, width in zip(corners[:-1], corners[1:], widths[1:], strict=True):
        thickness = max(1, round(float(width) * _SUPERSAMPLING))
        cv2.line(canvas, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 255, thickness)
    small = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 255.0


def walk(rng: Rng, start: tuple[float, float], angle: float, length: float, wander: float) -> Float32:
    """N×2 points (x, y) of a line that leaves `start` at `angle` (radians) and bends by `wander` per 4-px step."""
    steps = max(2, round(length / 4))
    bend = rng.normal(0, wander, steps)
    # Half of each bend is taken back in the next step: the line zigzags but keeps its course.
    angles = angle + np.cumsum(bend - 0.5 * np.concatenate(([0.0], bend[:-1])))
    path = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 4.0
    return np.asarray(np.concatenate(([start], start + np.cumsum(path, axis=0))), np.float32)


def make_grinding(rng: Rng, shape: tuple[int, int], pitch: float, strength: float) -> Float32:
    """H×W grinding marks about `pitch` px wide, of relative brightness `strength`."""
    height = shape[0]
    fine = rng.standard_normal((height // 12 + 2, shape[1]), dtype=np.float32)  # as sharp as the pixels are
    marks = (
        0.5 * field(rng, shape, 4 * height, pitch)  # as long as the tile
        + 0.6 * field(rng, shape, 45, pitch)
        + 0.7 * cv2.resize(fine, (shape[1], height), interpolation=cv2.INTER_LINEAR)
        + 0.3 * field(rng, shape, 8, pitch)
        + 0.35 * field(rng, shape, 4 * height, 4 * pitch)
    )
    return np.asarray(0.8 * strength * marks, np.float32)


def make_glints(rng: Rng, shape: tuple[int, int], lines: int, strength: float) -> Float32:
    """H×W bright lines along the grinding, broken into dashes."""
    comb = np.zeros((1, shape[1]), np.float32)
    comb[0, rng.integers(0, shape[1], lines)] = rng.uniform(0.3, 1.0, lines)
    comb = np.asarray(cv2.GaussianBlur(comb, (0, 0), 0.5), np.float32)
    dashes = np.clip(0.4 + 0.6 * field(rng, shape, 70, 12) + 0.6 * field(rng, shape, 6, 2), 0, 2)
    return np.asarray(strength * comb * dashes, np.float32)


def make_light(rng: Rng, shape: tuple[int, int]) -> Float32:
    """H×W illumination: the bright band of a bent surface, a slope, and dark blots near the border."""
    rows, columns = grid(shape)
    down, across = 2 * rows / shape[0] - 1, 2 * columns / shape[1] - 1
    band = np.exp(-(((across - rng.uniform(-0.6, 0.6)) / rng.uniform(0.3, 0.8)) ** 2))
    light = 0.68 + rng.uniform(0.1, 0.6) * band + rng.uniform(-0.15, 0.15) * down + rng.uniform(-0.12, 0.12) * across
    light = light + 0.07 * field(rng, shape, shape[0] / 2, shape[1] / 2)
    for _ in range(int(rng.integers(0, 3))):
        y, x = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.1), rng.uniform(-1, 1)
        size = rng.uniform(0.35, 0.7)
        blot = np.exp(-(((down - y) / size) ** 2 + ((across - x) / size) ** 2))
        light = light * (1 - rng.uniform(0.15, 0.45) * blot)
    return np.asarray(np.clip(light, 0.2, None), np.float32)


def make_surface(rng: Rng, shape: tuple[int, int]) -> Surface:
    """A sound tile of height × width `shape`, px, with the marks that sound tiles have."""
    sides = _distances(rng, shape)
    edge = np.minimum(np.minimum(sides[0], sides[1]), np.minimum(sides[2], sides[3])).astype(np.float32)
    tone = 1 + 0.05 * rng.standard_normal(shape, dtype=np.float32) + 0.05 * field(rng, shape, 30, 18)
    for side in sides[:2]:  # chamfers lie along the grinding
        if rng.random() < 0.5:
            width = rng.uniform(6, 14)
            tone = np.where(side < width, tone * rng.choice([0.72, 0.82, 1.2]), tone)
            tone = tone * (1 + rng.uniform(0.1, 0.6) * np.exp(-(((side - width) / 1.3) ** 2)))
    for side in sides:
        tone = tone * (1 - 0.3 * np.exp(-np.maximum(side, 0) / 1.5))
    light = make_light(rng, shape)
    surface = Surface(
        inside=np.clip(edge + 0.5, 0, 1),
        edge=edge,
        tone=tone.astype(np.float32),
        grinding=make_grinding(rng, shape, rng.uniform(1.3, 2.0), rng.uniform(0.05, 0.1)),
        glints=make_glints(rng, shape, int(rng.integers(4, 30)), rng.uniform(0.1, 0.5)) * light,
        light=light,
    )
    _soil(rng, surface)
    return surface


def render(rng: Rng, surface: Surface, gain: float) -> Uint8:
    """H×W uint8 photo of `surface` at an exposure of `gain` (1 is medium): saturates, and has the camera's noise."""
    shine = surface.light * surface.tone * (1 + surface.grinding) + surface.glints
    exposed = gain * (surface.inside * shine + (1 - surface.inside) * 0.1)
    exposed = exposed + rng.standard_normal(surface.shape, dtype=np.float32) * (0.01 + 0.014 * np.sqrt(np.abs(exposed)))
    # A lens spreads a pixel over its neighbours; without it the noise looks like sand.
    blurred = cv2.GaussianBlur(exposed.astype(np.float32), (0, 0), 0.45)
    values = 130.0 * blurred / 255.0
    # The camera saturates gently above 0.7, so that the longest exposure still shows something.
    values = np.where(values > 0.7, 1 - 0.3 * np.exp(-(values - 0.7) / 0.3), values)
    return np.asarray(np.clip(np.rint(255.0 * values), 0, 255), np.uint8)


def _distances(rng: Rng, shape: tuple[int, int]) -> list[Float32]:
    """Distance in px to the tile's left, right, upper and lower edge; edges may lie outside the picture."""
    rows, columns = grid(shape)
    tilt = rng.normal(0, 0.012)
    found: list[Float32] = []
    for along, across, length, extent in (
        (rows, columns, shape[0], shape[1]),
        (rows, columns, shape[0], shape[1]),
        (columns, rows, shape[1], shape[0]),
        (columns, rows, shape[1], shape[0]),
    ):
        far = len(found) % 2 == 1
        margin = rng.uniform(2, 9) if rng.random() < 0.4 else -20.0
        bow = rng.uniform(-4, 4) * (2 * along / length - 1) ** 2
        lean = tilt * (along - length / 2) * (-1 if len(found) >= 2 else 1)
        position = (extent - across if far else across) + (lean if far else -lean)
        found.append(np.broadcast_to(position - margin - bow, shape).astype(np.float32))
    return found


def _soil(rng: Rng, surface: Surface) -> None:
    """Put on `surface`, in place, what looks like a defect and is none."""
    shape, tone = surface.shape, surface.tone
    height, width = shape
    rows, columns = grid(shape)

    def anywhere() -> tuple[float, float]:
        return float(rng.uniform(0, width)), float(rng.uniform(0, height))

    for _ in range(int(rng.integers(0, 4))):  # stains: soft-edged, the grinding shows through
        x, y = anywhere()
        size = rng.uniform(10, 45)
        spread = ((rows - y) / (size * rng.uniform(0.6, 2.2))) ** 2 + ((columns - x) / size) ** 2
        lump = np.clip(np.exp(-spread) * (1 + 0.5 * field(rng, shape, 22, 14)), 0, 1)
        tone *= 1 - rng.uniform(0.08, 0.24) * lump
    for _ in range(int(rng.integers(0, 3))):  # tide lines of dried coolant: faint smooth curves
        start = anywhere()
        bends = np.cumsum(rng.normal(rng.choice([-0.1, 0.1]), 0.12, int(rng.integers(12, 50))))
        path = np.asarray(start) + 3 * np.cumsum(np.stack([np.cos(bends), np.sin(bends)], axis=1), axis=0)
        widths = rng.uniform(1, 2, len(path)).astype(np.float32)
        faint = np.clip(0.7 + 0.5 * field(rng, shape, 20, 20), 0, 1)
        tone *= 1 - rng.uniform(0.08, 0.24) * stroke(shape, path, widths) * faint
    for _ in range(int(rng.integers(0, 3))):  # tool lines: dark, dead straight, along the grinding
        x = rng.uniform(0, width)
        fade = np.clip(0.6 + 0.6 * field(rng, shape, 60, width), 0, 1)
        tone *= 1 - rng.uniform(0.1, 0.3) * fade * np.exp(-(((columns - x) / rng.uniform(0.6, 1.2)) ** 2))
    for _ in range(int(rng.choice([0, 0, 0, 1, 2]))):  # scratches: bright
        path = walk(rng, anywhere(), rng.uniform(0, 2 * np.pi), rng.uniform(15, 80), 0.02)
        tone *= 1 + rng.uniform(0.15, 0.5) * stroke(shape, path, np.full(len(path), 0.7, np.float32))
    dust = np.zeros(shape, np.float32)
    for _ in range(int(rng.choice([1, 3, 6, 12, 25]))):  # dust: specks of 1 to 3 px
        x, y = anywhere()
        axes = (2 * rng.uniform(0.4, 1.7), 2 * rng.uniform(0.4, 1.3))
        cv2.ellipse(dust, ((x, y), axes, rng.uniform(0, 180)), rng.uniform(0.1, 0.6), -1)
    tone *= 1 - cv2.GaussianBlur(dust, (0, 0), 0.5)
    if rng.random() < 0.15:  # a stamped number, as some of the real tiles have
        ink = np.zeros(shape, np.uint8)
        where = (round(rng.uniform(0.2, 0.6) * width), round(rng.uniform(0.3, 0.8) * height))
        number, scale = str(int(rng.integers(2, 60))), rng.uniform(0.5, 0.8)
        cv2.putText(ink, number, where, cv2.FONT_HERSHEY_DUPLEX, scale, 255, 1)
        tone *= 1 - rng.uniform(0.2, 0.35) * cv2.GaussianBlur(ink, (0, 0), 0.7).astype(np.float32) / 255
