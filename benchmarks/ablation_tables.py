"""From the finished runs of `ablation` to its tables: records pooled out of fold, intervals over tiles, differences.

A photo is tested once per seed; all its tests count as photos of its tile, so intervals are over tiles and no seed is
taken for new data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.evaluation import bootstrap, metrics, paired
from tilecli.evaluation.records import Record, read_records
from tilecli.layout import Project

RESAMPLES = 2000
SHOWN = {
    "dice_mean": "pooled Dice",
    "dice_photo": "Dice per photo",
    "false_alarm_rate": "false alarms",
    "auroc": "AUROC",
}
COMPARED = ("dice_mean", "dice_photo", "false_alarm_rate", "auroc")


@dataclass(frozen=True)
class Run:
    """One finished run."""

    fold: int
    seed: int
    records: list[Record]
    seconds: float  # of training


def read_runs(out: Path) -> dict[str, list[Run]]:
    """The finished runs under `out` by variant."""
    found: dict[str, list[Run]] = {}
    for done in sorted((out / "runs").glob("*/*/done.json")):
        folder = done.parent
        settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        training = json.loads(done.read_text(encoding="utf-8"))["training"]
        records = read_records(Project(folder).per_image)
        run = Run(settings["fold"], settings["seed"], records, training["seconds"])
        found.setdefault(settings["variant"], []).append(run)
    return found


def pool(runs: Sequence[Run]) -> list[Record]:
    """The records of all folds and seeds, each photo once per seed; ValueError where two folds test one photo."""
    pooled: dict[str, Record] = {}
    for run in runs:
        for record in run.records:
            name = f"{record.photo} (seed {run.seed})"
            if name in pooled:
                raise ValueError(f"{record.photo} is tested by two folds")
            pooled[name] = replace(record, photo=name)
    return list(pooled.values())


def measure(found: Mapping[str, Sequence[Run]], against: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """One row per variant, in the order of `against`; differences where both sides tested the same photos."""
    pooled = {name: pool(runs) for name, runs in found.items()}
    rows = []
    for name, other in against.items():
        if name not in pooled:
            continue
        records = pooled[name]
        row: dict[str, Any] = {"variant": name, "against": None, "runs": len(found[name])}
        row["photos"], row["tiles"] = len(records), len({record.tile for record in records})
        row["seconds"] = round(sum(run.seconds for run in found[name]) / len(found[name]), 1)
        figures = metrics.figures(records)
        intervals = bootstrap.intervals(records, RESAMPLES, seed=0)
        row["figures"] = {key: {"value": figures[key], "interval": intervals.get(key)} for key in SHOWN}
        row["per_defect"] = {
            kind: {key: values.get(key) for key in ("dice", "dice_photo", "false_alarm_rate", "photos", "tiles")}
            for kind, values in metrics.per_defect(records).items()
        }
        if other in pooled and {r.photo for r in pooled[other]} == {r.photo for r in records}:
            compared = paired.compare(records, pooled[other], names=(name, other), resamples=RESAMPLES).figures
            row["against"] = other
            row["differences"] = {
                key: {"value": d.difference, "interval": [d.low, d.high], "verdict": d.verdict}
                for key, d in ((key, compared[key]) for key in COMPARED)
            }
        rows.append(row)
    return rows


def write(out: Path, against: Mapping[str, str | None], wanted: int) -> None:
    """Write ablation.json and ablation.md into `out`; `wanted` runs make a variant complete."""
    rows = measure(read_runs(out), against)
    files.write_json(out / "ablation.json", {"rows": rows, "resamples": RESAMPLES})
    (out / "ablation.md").write_text(markdown(rows, wanted), encoding="utf-8")


def markdown(rows: Sequence[dict[str, Any]], wanted: int) -> str:
    """The tables: figures, differences, types."""
    heads = ["variant", *SHOWN.values(), "minutes per run"]
    lines = [*_head(heads)]
    for row in rows:
        short = f" ({row['runs']} of {wanted} runs)" if row["runs"] < wanted else ""
        cells = [_cell(row["figures"][key]) for key in SHOWN]
        lines.append(_line([row["variant"] + short, *cells, f"{row['seconds'] / 60:.1f}"]))
    lines += ["", "Differences to the variant without that one ingredient, paired over tiles:", ""]
    lines += _head(["variant", "against", *(SHOWN[key] for key in COMPARED)])
    for row in rows:
        if row["against"]:
            cells = [_change(row["differences"][key]) for key in COMPARED]
            lines.append(_line([row["variant"], row["against"], *cells]))
    kinds = sorted({kind for row in rows for kind, v in row["per_defect"].items() if v["dice"] is not None})
    lines += ["", "Dice by defect type, pooled / per photo:", "", *_head(["variant", *kinds])]
    for row in rows:
        cells = [_of_type(row["per_defect"].get(kind)) for kind in kinds]
        lines.append(_line([row["variant"], *cells]))
    return "\n".join(lines) + "\n"


def _head(cells: Sequence[str]) -> list[str]:
    return [_line(cells), _line(["---", *["---:"] * (len(cells) - 1)])]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(figure: dict[str, Any]) -> str:
    value, ends = figure["value"], figure["interval"]
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({ends[0]:.3f}–{ends[1]:.3f})" if ends else "")


def _change(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "–"
    low, high = figure["interval"]
    text = f"{figure['value']:+.3f}" + (f" ({low:+.3f} to {high:+.3f})" if low is not None else "")
    return text if figure["verdict"] == paired.NO_EVIDENCE else f"**{text}** {figure['verdict']}"


def _of_type(values: dict[str, Any] | None) -> str:
    if not values or values["dice"] is None:
        return "–"
    return f"{values['dice']:.3f} / {values['dice_photo']:.3f}"
