"""Which pages there are: what each is called, what it shows, what makes that stale, and whether it can be exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tilecli.layout import Project
from tilecli.studio.views import axes, compare, data, experiments, history, models, queue, run
from tilecli.studio.watch import Topic

Query = Mapping[str, str]  # what stands behind the ? of an address, and the name in its path


@dataclass(frozen=True)
class Page:
    """One page: `templates/<name>.html.j2` and `page/<name>.js` draw what `view` returns."""

    name: str
    title: str
    view: Callable[[Project, Query], dict[str, Any]]
    topics: tuple[Topic, ...]
    listed: bool = True  # in the row of links at the top
    # The names of which there is a page each, `name` in the query; None: there is one page.
    names: Callable[[Project], list[str]] | None = None
    exported: bool = True  # it needs no server


_ALL = (
    Page("experiments", "Experiments", experiments.view, ("experiments",)),
    Page("compare", "Compare", compare.view, ("experiments",), listed=False, exported=False),
    Page("axes", "Axes", axes.view, ("experiments",)),
    Page("run", "Run", run.view, ("experiments", "queue", "history"), listed=False, exported=False),
    Page("queue", "Queue", queue.view, ("queue", "experiments")),
    Page("data", "Data", data.view, ("data",)),
    Page("models", "Models", models.view, ("models",)),
    Page("history", "History", history.view, ("history",)),
)
PAGES = {page.name: page for page in _ALL}
FIRST = "experiments"
