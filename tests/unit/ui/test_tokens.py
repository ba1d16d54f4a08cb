"""`tokens.css` and `palette.py` say the same."""

import re

import pytest

from tilecli import palette
from tilecli.ui import TOKENS

CSS = re.sub(r"/\*.*?\*/", "", TOKENS.read_text(encoding="utf-8"), flags=re.DOTALL)


def declared(selector: str) -> dict[str, str]:
    """The custom properties of the one rule that `selector` opens."""
    blocks = re.findall(re.escape(selector) + r"\s*\{([^{}]*)\}", CSS)
    assert len(blocks) == 1, f"{selector}: {len(blocks)} rules"
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", blocks[0]))


LIGHT = declared("\n:root")
DARK = {
    "by the system": declared(':root:not([data-theme="light"])'),
    "by the switch": declared('\n:root[data-theme="dark"]'),
}


@pytest.mark.parametrize(
    ("token", "colour"),
    [
        ("accent", palette.ACCENT),
        ("defect", palette.DEFECT),
        ("good", palette.GOOD),
        ("uncertain", palette.UNCERTAIN),
        ("truth", palette.TRUTH),
        ("stage", palette.STAGE),
        *((f"type-{number}", colour) for number, colour in enumerate(palette.TYPES, 1)),
    ],
)
def test_colours_with_a_meaning(token: str, colour: str) -> None:
    assert LIGHT[token] == colour
    assert all(token not in theme for theme in DARK.values()), "a meaning has one colour in both themes"


def test_masks_look_alike_on_disk_and_on_pages() -> None:
    assert float(LIGHT["fill"]) == palette.FILL
    assert LIGHT["outline"] == f"{palette.OUTLINE_PX}px"


def test_light_theme() -> None:
    assert {name: LIGHT[name] for name in palette.LIGHT} == palette.LIGHT


@pytest.mark.parametrize("theme", DARK.values(), ids=DARK.keys())
def test_dark_theme(theme: dict[str, str]) -> None:
    assert theme == palette.DARK


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "panel"])
def test_text_can_be_read(theme: dict[str, str], ground: str) -> None:
    for ink in ("ink", "muted"):
        assert contrast(theme[ink], theme[ground]) >= 4.5


def test_buttons_can_be_read() -> None:
    assert contrast("#FFFFFF", palette.ACCENT) >= 4.5


def contrast(a: str, b: str) -> float:
    """WCAG 2.2's contrast ratio of two colours, 1–21."""

    def luminance(colour: str) -> float:
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in _shares(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _shares(colour: str) -> list[float]:
    return [value / 255 for value in palette.rgb(colour)]
