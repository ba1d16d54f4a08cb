"""`tiles eval`: measure the bundle on the test photos."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.evaluation.operating import Interval, OperatingPoint

# What each figure says, in reading order.
_WORDS = {
    "dice_mean": "Dice, pooled over all test photos",
    "dice_defects": "Dice, pooled over photos with a defect",
    "dice_photo": "Dice, mean over photos with a defect",
    "jacc_mean": "Jaccard, pooled",
    "acc_mean": "pixel accuracy, mean over photos",
    "foreground_acc": "share of defect pixels found",
    "miou": "mean IoU over the types, background apart",
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
    point: Annotated[
        str | None,
        typer.Option(
            "--operating-point",
            metavar="BOUND",
            help='"false_alarm<=0.01" or "recall>=0.95": the verdict threshold that keeps it, and what that leaves.',
        ),
    ] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Measure the bundle on the test photos: figures, per-photo records, plots and pictures.

    Example: tiles eval --operating-point "false_alarm<=0.01"
    """
    from tilecli import paramfile
    from tilecli.cli.pipeline import bring_up_to_date
    from tilecli.evaluation.operating import operating_point, parse
    from tilecli.evaluation.records import read_records

    wanted = parse(point) if point is not None else None
    project, _, _ = bring_up_to_date("evaluate", typed={"evaluate.iou": iou}, set_=set_, force=force)
    if wanted is not None:
        settings = paramfile.load(project.params).evaluate
        found = operating_point(read_records(project.per_image), wanted, settings.bootstrap, settings.seed)
        _show_point(found, as_json)
        return
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
    if "types" in metrics:
        _show_types(metrics)
    if "fused" in metrics:
        rows = [[_WORDS[name], *_fused(metrics, name)] for name in metrics["fused"]["margin"]]
        columns = [("figure", "left"), ("together (95 %)", "right"), ("against alone (95 %)", "right")]
        out.print(terminal.table("Photos of a tile judged together", columns, rows))
    terminal.say(f"pictures: {terminal.plain(project.pictures)}")
    terminal.next_commands("tiles exp compare --sort dice_mean", "dvc plots show")


def _show_types(metrics: dict[str, Any]) -> None:
    """Each type's own pixels, and what they were most often mistaken for."""
    names = ("iou", "dice", "recall", "precision")
    columns = [("type", "left"), *((name, "right") for name in names), ("most often mistaken for", "left")]
    rows = []
    for kind, values in metrics["types"].items():
        called = metrics["type_confusion"]["pixels"].get(kind, {})
        others = {name: px for name, px in called.items() if name != kind}
        most = max(others, key=lambda name: others[name], default=None)
        mistaken = f"{terminal.plain(most)}, {terminal.percent(others[most] / sum(called.values()))}" if most else "–"
        rows.append([terminal.plain(kind), *(terminal.number(values[name]) for name in names), mistaken])
    terminal.console().print(terminal.table("Pixels of each type, told apart", columns, rows))


def _fused(metrics: dict[str, Any], name: str) -> tuple[str, str]:
    """A figure of photos judged together, and what that brings."""
    margin = metrics["fused"]["margin"][name]
    ends = None if margin["low"] is None else (margin["low"], margin["high"])
    return _value(metrics["fused"], name), _with(margin["difference"], ends)


def _telling(metrics: dict[str, Any], name: str) -> bool:
    """Whether the figure says anything: nothing is uncertain where no band is set."""
    return name in metrics and not (name.startswith("uncertain_") and metrics.get("uncertain_from") is None)


def _show_point(found: OperatingPoint, as_json: bool) -> None:
    """A threshold and what it leaves, on the photos that it was chosen on."""
    if as_json:
        terminal.print_json(found.as_dict())
        return
    rows = [
        ["verdict threshold", _threshold(found.threshold, found.threshold_interval)],
        ["defective photos found", _with(found.recall, found.recall_interval)],
        ["good photos called defective", _with(found.false_alarm_rate, found.false_alarm_interval)],
    ]
    title = f"{found.wanted} on {found.photos} test photos of {found.tiles} tiles"
    terminal.console().print(terminal.table(title, [("", "left"), ("value (95 %)", "right")], rows))
    terminal.say("chosen on the photos it is measured on, which flatters; the intervals resample tiles and choose anew")
    threshold = f"--verdict-threshold {found.threshold:g}"
    terminal.next_commands(f"tiles export {threshold}", f"tiles serve {threshold}")


def _threshold(value: float, interval: Interval) -> str:
    """In digits that can be typed: calibrated probabilities of rare things are small."""
    return f"{value:.4g}" if interval is None else f"{value:.4g} ({interval[0]:.4g}–{interval[1]:.4g})"


def _with(value: float, interval: Interval) -> str:
    text = terminal.number(value)
    return text if interval is None else f"{text} ({terminal.number(interval[0])}–{terminal.number(interval[1])})"


def _value(metrics: dict[str, Any], name: str) -> str:
    """The figure, with its 95 % interval where one was made."""
    interval = metrics.get("intervals", {}).get(name)
    return _with(metrics[name], (interval["low"], interval["high"]) if interval else None)
