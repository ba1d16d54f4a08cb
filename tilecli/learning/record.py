"""The series and figures of a training, in DVCLive's files: `training/metrics.json` and `training/plots/metrics/`.

What is logged when is decided in `tilecli.learning.callbacks`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tilecli import files


class Record:
    """One run's record; epochs count from 1 and are DVCLive's steps."""

    def __init__(self, folder: Path, after: int = 0) -> None:
        """Start a record in `folder`, or go on with the one there `after` so many epochs.

        A run may have been killed between logging an epoch and saving its checkpoint: rows past `after` are dropped,
        since that epoch comes again.
        """
        if after:
            drop_rows(folder / "plots" / "metrics", after)
        self._live = _series_writer()(
            dir=str(folder),
            resume=after > 0,
            report=None,
            save_dvc_exp=False,  # a stage of DVC's pipeline makes the experiment
            dvcyaml=None,
            monitor_system=False,
        )

    def epoch(self, number: int, series: Mapping[str, float], figures: Mapping[str, Any]) -> None:
        """Log epoch `number`: `series` are also plotted, `figures` only appear in metrics.json (nested by `/`)."""
        self._live.step = number
        for name, value in series.items():
            self._live.log_metric(name, value)
        for name, value in figures.items():
            *parents, last = name.split("/")
            place = self._live.summary
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        # Neither Live.next_step() nor Live.end(): the first writes metrics.json in place, where a kill could leave half
        # of it, and the second adds files to git, which is for DVC to do when the stage has ended well.
        files.write_json(Path(self._live.metrics_file), {**self._live.summary, "step": number})


def _series_writer() -> Any:
    from dvclive import Live

    class Series(Live):
        """DVCLive without its look at the repository: it would set DVC up in whatever git repository it is run in."""

        def _init_dvc(self) -> None:
            pass

    return Series


def drop_rows(folder: Path, after: int) -> None:
    """Drop the rows of every series below `folder` whose step is greater than `after`."""
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream, delimiter="\t"))
        kept = rows[:1] + [row for row in rows[1:] if row and row[0].isdigit() and int(row[0]) <= after]
        if kept != rows:
            text = io.StringIO(newline="")
            csv.writer(text, delimiter="\t", lineterminator="\n").writerows(kept)
            files.write_text(path, text.getvalue())
