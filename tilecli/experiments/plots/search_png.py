"""Charts of a search as one PNG by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tilecli import palette
from tilecli.experiments.plots import sheet
from tilecli.experiments.plots.looks import accent, metric_title, trial_looks
from tilecli.experiments.queue.study import Search

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write(search: Search, out: Path, project: str) -> None:
    """Write the charts of `search` to `out`, side by side. MissingExtraError without matplotlib."""
    figure = sheet.new(f"Study {search.name} of {project}", 1)
    grid = figure.add_gridspec(1, 2)
    _history(figure.add_subplot(grid[0, 0] if search.importances else grid[0, :]), search)
    if search.importances:
        _importances(figure.add_subplot(grid[0, 1]), search)
    sheet.save(figure, [search.words, *search.notes], out)


def _history(area: Axes, search: Search) -> None:
    numbers = [trial.number for trial in search.measured]
    area.step(numbers, search.best_so_far, where="post", color=sheet.MUTED, linewidth=1.5, label="best so far")
    for state, (words, look) in trial_looks(palette.LIGHT).items():
        trials = [trial for trial in search.measured if trial.state == state]
        if trials:
            places = [trial.number for trial in trials], [trial.figure for trial in trials]
            shape = sheet.SHAPES[look.shape]
            area.plot(*places, linestyle="none", marker=shape, markersize=6, color=look.colour, label=words)
    best = search.ranked[0]
    place = best.number, best.figure
    area.annotate(sheet.plain(best.experiment), place, (0, 5), ha="center", va="bottom", **sheet.TEXT)
    area.margins(y=0.12)
    area.locator_params(axis="x", integer=True)
    area.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=8, labelcolor=sheet.MUTED)
    sheet.frame(area, f"{search.metric} over trials", "trial", metric_title(search.metric))


def _importances(area: Axes, search: Search) -> None:
    names = [sheet.plain(name.removeprefix("train.")) for name in search.importances]
    shares = [100 * share for share in search.importances.values()]
    bars = area.barh(names, shares, height=min(0.6, 0.1 * len(names)), color=accent(palette.LIGHT))
    area.bar_label(bars, [f"{share:.1f} %" for share in shares], padding=4, fontsize=8, color=sheet.INK)
    area.invert_yaxis()
    area.margins(x=0.1)
    sheet.frame(area, f"What {search.metric} hung on", "share, %", "")
    area.grid(visible=False, axis="y")
