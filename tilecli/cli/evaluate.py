"""`tiles eval`: measure the bundle on the test photos."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb

# What each figure says, in reading order.
_WORDS = {
    "dice_mean": "Dice, pooled over all test photos",
    "dice_defects": "Dice, pooled over photos with a defect",
    "dice_photo": "Dice, mean over photos with a defect",
    "jacc_mean": "Jaccard, pooled",
    "acc_mean": "pixel accuracy, mean over photos",
    "foreground_acc": "share of defect pixels found",
    "pixel_ap": "average precision of pixels",
    "ece": "calibration error of pixels",
    "auroc": "AUROC of photos, good against defect",
    "false_alarm_rate": "good photos called defective",
    "miss_rate": "defective photos called good",
    "uncertain_good_rate": "good photos called uncertain",
    "uncertain_defect_rate": "defective photos called uncertain",
    "defect_recall": "defects found (overlap)",
    "defect_touched": "defects touched at all",
}


@verb
def evaluate(
    iou: Annotated[float | None, typer.Option("--iou", help="Overlap from which a defect counts as found.")] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Measure the bundle on the test photos: figures, per-photo records, plots and pictures.

    Example: tiles eval -S evaluate.pictures=20
    """
    from tilecli.cli.pipeline import bring_up_to_date

    project, _, _ = bring_up_to_date("evaluate", typed={"evaluate.iou": iou}, set_=set_, force=force)
    metrics = json.loads(project.metrics.read_text(encoding="utf-8"))
    if as_json:
        terminal.print_json(metrics)
        return
    out = terminal.console()
    rows = [[words, name, _value(metrics, name)] for name, words in _WORDS.items() if _telling(metrics, name)]
    out.print(terminal.table("Test photos", [("figure", "left"), ("name", "left"), ("value (95 %)", "right")], rows))
    columns = [("type", "left"), ("photos", "right"), ("Dice", "right"), ("recall", "right")]
    per_type = [
        [
            kind,
            str(values.get("photos", "–")),
            terminal.number(values.get("dice")),
            terminal.percent(values.get("recall")),
        ]
        for kind, values in metrics.get("per_defect", {}).items()
    ]
    out.print(terminal.table("By type", columns, per_type))
    terminal.say(f"pictures: {terminal.plain(project.pictures)}")
    terminal.next_commands("tiles exp compare --sort dice_mean", "dvc plots show")


def _telling(metrics: dict[str, Any], name: str) -> bool:
    """Whether the figure says anything: nothing is uncertain where no band is set."""
    return name in metrics and not (name.startswith("uncertain_") and metrics.get("uncertain_from") is None)


def _value(metrics: dict[str, Any], name: str) -> str:
    """The figure, with its 95 % interval where one was made."""
    text = terminal.number(metrics[name])
    interval = metrics.get("intervals", {}).get(name)
    if not interval:
        return text
    return f"{text} ({terminal.number(interval['low'])}–{terminal.number(interval['high'])})"
