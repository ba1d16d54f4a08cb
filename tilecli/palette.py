"""The colours of tiles, once: pages, plots and overlays take them from here. Imports nothing.

Okabe–Ito values, which colour-blind readers tell apart; still, never let colour alone carry a meaning.
"""

from __future__ import annotations

ACCENT = "#0072B2"  # what can be acted on
DEFECT = "#D55E00"  # defect, and what a prediction missed
GOOD = "#009E73"  # good, and what a prediction found
UNCERTAIN = "#E69F00"  # uncertain, and what a prediction marked wrongly
TRUTH = "#56B4E9"  # outline of the true mask

LIGHT = {"bg": "#FAFAF8", "panel": "#FFFFFF", "ink": "#1B1D1F", "muted": "#666677", "line": "#E3E3DE"}
DARK = {"bg": "#131517", "panel": "#1B1E21", "ink": "#E8E8E4", "muted": "#99AAAA", "line": "#2C3034"}
STAGE = "#808080"  # mid-grey behind photos

# Lines and points that stand for single runs. Shape, dash or a name must tell them apart as well.
SERIES = (ACCENT, UNCERTAIN, GOOD, "#CC79A7", DEFECT, TRUTH, "#808080", "#999933")

# Types of defects, in the order of their numbers, which stand beside them; from the ninth on they come again. Those
# first that mean nothing in an error map, and the olive last, which as a tint is too much like the yellow.
TYPES = (ACCENT, "#F0E442", "#CC79A7", TRUTH, DEFECT, GOOD, UNCERTAIN, "#999933")

FILL = 0.35  # opacity of a filled mask
OUTLINE_PX = 2  # width of a mask's outline


def rgb(colour: str) -> tuple[int, int, int]:
    """`#RRGGBB` → (red, green, blue), 0–255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """`share` (0–1) of the way from `colour` to `other`, as `#RRGGBB`."""
    parts = (round(a + (b - a) * share) for a, b in zip(rgb(colour), rgb(other), strict=True))
    return "#" + "".join(f"{part:02X}" for part in parts)
