"""A run beside the one that it would replace, photo by photo, also where one of them was tested on more photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilecli.errors import ProjectError
from tilecli.evaluation import paired, pairing
from tilecli.evaluation.paired import Difference
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.evaluated import rows_of
from tilecli.experiments.judgement import measured_otherwise
from tilecli.experiments.store import Record
from tilecli.layout import Project


@dataclass(frozen=True)
class Compared:
    """What could be compared of a run and a base, and why what could not."""

    comparison: paired.Comparison | None  # A: the run, B: the base; None where nothing can be compared
    words: str  # on what the comparison stands, or why there is none
    only_here: int = 0  # photos that the run alone was tested on
    only_base: int = 0

    def of(self, metric: str) -> Difference | None:
        """The difference in a metric; None where it could not be compared."""
        return self.comparison.figures.get(metric) if self.comparison else None

    def of_type(self, defect: str) -> Difference | None:
        """The difference in the Dice of a defect type; None where it could not be compared."""
        return self.comparison.per_defect.get(defect) if self.comparison else None


def compare(
    project: Project, run: Record, rows: Sequence[Row], base: Record | None, *, resamples: int = 10_000
) -> Compared:
    """The paired bootstrap of `rows` against those of `base`, on the photos that both were tested on.

    When photos join the dataset some of them become test photos, which the base has never seen. A photo counts where
    type, tile, size and true mask are the same for both. Raises DataError where the base's records are broken.
    """
    if base is None:
        return Compared(None, "compared with nothing")
    try:
        others = rows_of(project, base)
    except ProjectError as error:
        return Compared(None, f"compared with nothing: {error.message}")
    mine, its = pairing.shared(rows, others)
    only_here, only_base = len(rows) - len(mine), len(others) - len(its)
    if not mine:
        words = f"no photo was tested by both {run.name} and {base.name}"
        return Compared(None, words, only_here, only_base)
    found = paired.compare(mine, its, names=(run.name, base.name), resamples=resamples)
    unlike = measured_otherwise(run, base)
    figures = {name: figure for name, figure in found.figures.items() if name not in unlike}
    words = f"on the {found.photos} photos of {found.tiles} tiles that both were tested on"
    if only_here:
        words += f"; {only_here} more are new to {run.name}"
    if only_base:
        words += f"; {only_base} of {base.name}'s are gone or labelled differently"
    return Compared(replace(found, figures=figures), words, only_here, only_base)
