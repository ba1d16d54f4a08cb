"""How runs are told apart in every chart: colour, dash and shape, the same on a page and in a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilecli import palette
from tilecli.experiments.compare import higher_is_better

FEW = len(palette.SERIES)  # runs that get a colour of their own; more are shaded by rank
NAMED = 3  # of many runs, the best so many are named
_DASHES = ("solid", "dash", "dot", "dashdot")
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star")


@dataclass(frozen=True)
class Look:
    """One run's look; `dash` and `shape` by their names in Plotly."""

    colour: str
    dash: str
    shape: str
    width: float  # px
    named: bool  # written beside the line


def looks(count: int, theme: dict[str, str]) -> list[Look]:
    """For `count` runs, the best first; `theme` is `palette.LIGHT` or `palette.DARK`."""
    if count <= FEW:
        return [
            Look(palette.SERIES[i], _DASHES[i // 2 % len(_DASHES)], _SHAPES[i % len(_SHAPES)], 2, True)
            for i in range(count)
        ]
    # From a grey that just stands off the panel to the accent.
    weak, strong = palette.mix(theme["panel"], theme["muted"], 0.45), accent(theme)
    return [
        Look(palette.mix(strong, weak, i / (count - 1)), "solid", "circle", 2.5 if i < NAMED else 1.2, i < NAMED)
        for i in range(count)
    ]


def trial_looks(theme: dict[str, str]) -> dict[str, tuple[str, Look]]:
    """By the state of a trial that was measured: what that means, in words, and its look."""
    return {
        "complete": ("ran to its end", Look(accent(theme), "solid", "circle", 2, False)),
        "pruned": ("ended early", Look(theme["muted"], "solid", "x", 2, False)),
    }


def accent(theme: dict[str, str]) -> str:
    """The accent as points and bars have it: in the dark a lighter one stands off better."""
    return palette.ACCENT if theme is palette.LIGHT else palette.mix(palette.ACCENT, "#FFFFFF", 0.35)


def legend(count: int, y: str) -> str:
    """What the looks mean, in words."""
    return "" if count <= FEW else f"The stronger the blue, the better {y}; the best {NAMED} are named."


def metric_title(metric: str) -> str:
    """A metric as the title of an axis."""
    return metric if higher_is_better(metric) else f"{metric}, lower is better"


def title(name: str) -> Sequence[str]:
    """A name broken after _ and . into lines that narrow columns can carry."""
    import re

    lines = [""]
    for word in re.findall(r"[^_.]+[_.]?", name.removeprefix("train.") if name != "train.loss" else name):
        if lines[-1] and len(lines[-1]) + len(word) > 13:
            lines.append("")
        lines[-1] += word
    return lines
