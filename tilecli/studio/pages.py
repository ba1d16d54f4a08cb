"""Which pages there are: what each is called, what it shows, what makes that stale, and what that depends on."""

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
    asks: tuple[str, ...] = ()  # what of the query `view` goes by; the rest is the page's own


_ALL = (
    Page("experiments", "Experiments", experiments.view, ("experiments",), asks=("filter",)),
    Page("compare", "Compare", compare.view, ("experiments",), listed=False, asks=("runs",)),
    Page("axes", "Axes", axes.view, ("experiments",), asks=("target",)),
    Page("run", "Run", run.view, ("experiments", "queue", "history"), listed=False, asks=("name",)),
    Page("queue", "Queue", queue.view, ("queue", "experiments"), asks=("state", "all")),
    Page("data", "Data", data.view, ("data",), asks=("type", "subset", "source", "find", "page")),
    Page("models", "Models", models.view, ("models",)),
    Page("history", "History", history.view, ("history",), asks=("metric", "every")),
)
PAGES = {page.name: page for page in _ALL}
FIRST = "experiments"
