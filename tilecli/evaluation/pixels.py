"""evaluation/histogram.csv: how many pixels of the test photos had which probability. The only module that writes and
reads that file.

It is text under git, not an array in DVC's cache, because experiments are pooled from their commits alone: one that was
pulled, or whose files were removed from the cache, can still be counted. Only bins that hold pixels have a row, which
is some 30 kB. A row names the bin by the lower edge of its logit, so that a file stays readable should the grid change.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tilecli import files, histogram
from tilecli.errors import DataError
from tilecli.evaluation.records import EVALUATE
from tilecli.histogram import Int64

COLUMNS = ("logit", "background_px", "defect_px")


def write_counts(path: Path, counts: Int64) -> None:
    """Write 2×BINS counts, see `histogram.count`."""
    edges = histogram.edges()
    with files.whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for place in np.flatnonzero(counts.sum(axis=0)):
            writer.writerow([repr(float(edges[place])), *counts[:, place].tolist()])


def parse_counts(lines: Iterable[str], where: str) -> Int64:
    """2×BINS counts, given the lines of a histogram.csv; columns it does not know are passed over.

    Raises DataError, with `where` and the line, for a broken file and for a bin that is not on today's grid.
    """
    places = {float(edge): place for place, edge in enumerate(histogram.edges())}
    counts = np.zeros((2, histogram.BINS), np.int64)
    line = 1
    try:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            line = reader.line_num
            found = [int(row[name]) for name in COLUMNS[1:]]
            if min(found) < 0:
                raise ValueError(f"{min(found)} pixels")
            counts[:, places[float(row["logit"])]] += found
    except KeyError as error:
        key = error.args[0]
        what = f"the column {key} is missing" if isinstance(key, str) else f"no bin begins at {key:g}"
        raise DataError(what, where=f"{where}:{line}", hint=EVALUATE) from error
    except (ValueError, TypeError, csv.Error) as error:
        raise DataError(f"cannot be read: {error}", where=f"{where}:{line}", hint=EVALUATE) from error
    return counts
