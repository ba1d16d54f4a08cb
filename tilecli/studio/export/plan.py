"""What an export is to hold: found out, and refused where it cannot be, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tilecli.errors import ProjectError, UsageError
from tilecli.experiments.naming import WORKSPACE
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.studio import reading
from tilecli.studio.export import addresses
from tilecli.studio.export.addresses import View
from tilecli.studio.export.places import Places
from tilecli.studio.pages import FIRST, PAGES, Page
from tilecli.studio.runs.finding import Run, find
from tilecli.studio.views import compare

_SHORT = (7, 10)  # characters of a commit's hash that pages call it by


@dataclass(frozen=True)
class Leaf:
    """A page to be written."""

    page: Page
    query: dict[str, str]
    folder: str
    pictured: bool = True  # shown with pictures, where the page has some


@dataclass
class Plan:
    """All of it. `runs`: by the names that they have here."""

    project: Project
    leaves: list[Leaf] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    views: list[tuple[str, str]] = field(default_factory=list)  # that were named: title, and address in the folder
    places: Places = field(default_factory=Places)

    @property
    def first(self) -> str:
        """The address that opens first."""
        return self.views[0][1] if self.views else f"{FIRST}/index.html"

    def add(self, page: Page, query: dict[str, str], *, pictured: bool = True) -> str:
        """The folder of a view, which is written once however often it is named."""
        folder, new = self.places.add(page, query)
        if new:
            self.leaves.append(Leaf(page, query, folder, pictured))
        return folder

    def add_run(self, name: str) -> str:
        """The folder of a run's page. ProjectError where there is none of that name."""
        if self.places.name_of(name) not in self.runs:
            run = find(self.project, name)
            known = next((own for own, other in self.runs.items() if _same(run.record, other.record)), None)
            self.places.call(known or name, [name, run.name, *self._also(run.record)])
            if known is None:
                self.runs[name] = run
        name = self.places.name_of(name)
        return self.add(PAGES["run"], {"name": name})

    def _also(self, record: Record) -> Iterable[str]:
        """What else pages call it."""
        if record.rev:
            yield record.rev
            yield from (record.rev[:count] for count in _SHORT)
            history = reading.look(self.project).history
            listed = [*(group.baseline for group in history.groups), *history.experiments]
            times = Counter(one.name for one in listed)
            yield from (one.name for one in listed if one.rev == record.rev and times[one.name] == 1)


def make(project: Project, named: Sequence[str], more: str) -> Plan:
    """The plan for views by their addresses. more: `starred`, `all` or a number, of runs whose pages come as well.

    UsageError for what is no view, ProjectError for runs that there are not.
    """
    asked = [addresses.read(address) for address in named]
    plan = Plan(project)
    _name(plan, asked)
    for page in PAGES.values():
        if page.listed:
            pictured = any(view.page is page and not _goes_by(view) for view in asked)
            plan.add(page, {}, pictured=pictured)
    for view in asked:
        folder = plan.add_run(view.query.get("name") or WORKSPACE) if view.page.name == "run" else None
        folder = folder or plan.add(view.page, view.query)
        address = f"{folder}/index.html{view.rest}"
        if address not in (other for _, other in plan.views):
            plan.views.append((_title(view), address))
    for name in _more(project, more):
        plan.add_run(name)
    return plan


def _name(plan: Plan, asked: Sequence[View]) -> None:
    """Let all names be known before a comparison goes by them."""
    for view in asked:
        if view.page.name == "run":
            plan.add_run(view.query.get("name") or WORKSPACE)
        elif view.page.name == "compare":
            names = compare.names_of(view.query)
            if not names or len(names) > compare.MOST:
                wrong = f"{len(names)} runs are too many to compare" if names else "a comparison needs runs"
                raise UsageError(wrong, where="VIEW compare/", hint=f"compare/?runs=A,B, at most {compare.MOST}")
            _, missing = compare.chosen(plan.project, names)
            if missing:
                raise ProjectError(missing[0]["words"], where="VIEW compare/", hint=missing[0]["hint"])
            for name in names:
                plan.add_run(name)


def _goes_by(view: View) -> bool:
    return any(view.query.get(name) for name in view.page.asks)


def _title(view: View) -> str:
    asked = [view.query.get(name, "") for name in view.page.asks]
    return " ".join([view.page.title, *filter(None, asked)]).replace(",", ", ")


def _more(project: Project, wanted: str) -> list[str]:
    """Names of finished experiments: those with a star, all, or so many of the latest."""
    if not wanted:
        return []
    look = reading.look(project)
    found = [record for record in look.history.experiments if record.state == "success"]
    if wanted == "starred":
        found = [record for record in found if (remark := look.remarks.get(record.rev)) and remark.star]
    elif wanted.isdecimal() and int(wanted):
        found = sorted(found, key=lambda record: record.created, reverse=True)[: int(wanted)]
    elif wanted != "all":
        raise UsageError(f"'{wanted}' says not which runs", where="--runs", hint="starred, all, or how many")
    times = Counter(record.name for record in look.history.experiments)
    return [record.name if times[record.name] == 1 else record.rev for record in found]


def _same(one: Record, other: Record) -> bool:
    return (one.rev, one.rev or one.name) == (other.rev, other.rev or other.name)
