"""The comparison for programs and documents: JSON, CSV, Markdown. No column makes way here."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilecli.cli.exp.columns import Wish
    from tilecli.experiments.compare import Row


def as_json(rows: Sequence[Row]) -> None:
    """A list of records, one to a line, so that thousands are quickly written and easily searched."""
    lines = [json.dumps(row.record.as_dict(), ensure_ascii=False) for row in rows]
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


def as_csv(rows: Sequence[Row], wish: Wish) -> None:
    """The figures as they were recorded, under their full names."""
    import csv

    from tilecli.cli.exp import columns

    metrics, params = columns.named(rows, wish)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    facts = ["name", "kind", "state", "created", "rev", "baseline", "model"]
    writer.writerow([*facts, *metrics, *params])
    for row in rows:
        record = row.record
        created = datetime.fromtimestamp(record.created).isoformat() if record.created else ""
        start = [record.name, record.kind, record.state, created, record.rev, record.baseline, record.model]
        figures = [_cell(record.metrics.get(name)) for name in metrics]
        writer.writerow([*start, *figures, *(_cell(record.params.get(name)) for name in params)])


def as_markdown(rows: Sequence[Row], wish: Wish) -> None:
    """The table as Markdown, with every column that the terminal might not have room for."""
    from tilecli.cli.exp import columns, table

    found = columns.columns(rows, wish)
    headings = [
        "experiment",
        *(" ".join(column.heading.split("\n")) if column.name in _OWN else column.name for column in found),
    ]
    lines = [_line(headings), _line([":--", *("--:" if column.right else ":--" for column in found)])]
    for row in rows:
        cells = [column.cell(row) for column in found]
        texts = [f"**{_safe(cell.text)}**" if cell.style == "best" else _safe(cell.text) for cell in cells]
        lines.append(_line([_safe(table.name(row)), *texts]))
    sys.stdout.write("\n".join(lines) + "\n")


_OWN = ("trend", "delta", "interval")  # columns whose heading says more than their name


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("\n", " ")


def _cell(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value
