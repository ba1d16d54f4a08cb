"""How figures are called and written in reports and by the gate: in a report, the filters of its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilecli.evaluation.paired import Difference

# What people decide by, in reading order, in words.
FIGURES = {
    "dice_mean": "Dice, pooled over all pixels",
    "dice_photo": "Dice, mean over defect photos",
    "miou": "mIoU over the types",
    "defect_recall": "Defects found",
    "false_alarm_rate": "False alarms on good photos",
    "miss_rate": "Defect photos passed as good",
    "auroc": "AUROC, good against defective",
}
SHARES = frozenset({"defect_recall", "false_alarm_rate", "miss_rate"})  # shown in percent


def number(value: float | None, name: str = "") -> str:
    """Three digits after the point; a share in percent; – where there is none."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if name in SHARES else f"{value:.3f}"


def interval(low: float | None, high: float | None, name: str = "") -> str:
    """The ends of an interval; empty where it is unknown."""
    if low is None or high is None:
        return ""
    return f"{number(low, name)} – {number(high, name)}"


def signed(value: float | None, name: str = "") -> str:
    """A difference with its sign; of shares in percentage points."""
    if value is None:
        return "–"
    sign = "+" if value >= 0 else "−"
    return f"{sign}{100 * abs(value):.1f} pp" if name in SHARES else f"{sign}{abs(value):.3f}"


def verdict(change: Difference | None) -> str:
    """What the paired bootstrap says, with a mark that is no colour."""
    from tilecli.evaluation import paired

    if change is None:
        return "not compared"
    if change.difference is None:
        return "undefined"
    if not change.tiles:
        return "the same"
    words = {paired.BETTER: "▲ better", paired.WORSE: "▼ worse"}.get(change.verdict)
    if words:
        return words
    return "too few tiles differ" if change.tiles < paired.LEAST_DIFFERING else "no evidence"


def setting(value: Any) -> str:
    """A param as params.yaml would have it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(setting(item) for item in value) + "]"
    return str(value)


FILTERS = {"number": number, "signed": signed, "verdict": verdict, "setting": setting}
FUNCTIONS = {"interval": interval}
