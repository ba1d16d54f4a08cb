"""Whether a run is really better than another, in words, by the paired bootstrap; each pair is worked out once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli.errors import TilesError
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.reporting import words

if TYPE_CHECKING:  # at run time only once something is compared: they bring the metrics' packages
    from tilecli.evaluation.paired import Difference
    from tilecli.reporting.comparison import Compared

BY = "dice_mean"  # the figure that the sentence is about
_MOST_KEPT = 200  # pairs
_kept: OrderedDict[tuple[Path, str, str], dict[str, Any]] = OrderedDict()


def known(project: Project, first: Record, other: Record) -> dict[str, Any] | None:
    """What `judge` found before, or None."""
    return _kept.get(_key(project, first, other))


def judge(project: Project, first: Record, other: Record, rows: Sequence[Row]) -> dict[str, Any]:
    """`other`, tested as `rows` say, against `first`.

    `sentence`; `basis`: on which photos; `figures` and `types` (of Dice): name → difference, low, high, probability,
    words. Nothing is raised: what cannot be compared is said in the sentence.
    """
    found = known(project, first, other)
    if found is not None:
        return found
    pending = next((record for record in (first, other) if record.state != "success"), None)
    if pending is not None:
        return _nothing(f"{pending.name} is {pending.state}, so it cannot be compared yet")
    if not rows:
        return _nothing(f"{other.name} was not tested, so it cannot be compared")
    from tilecli.reporting import comparison

    try:
        compared = comparison.compare(project, other, rows, first)
    except TilesError as error:
        compared = comparison.Compared(None, error.message)
    found = {"sentence": _sentence(compared, first, other), "basis": compared.words, **_details(compared)}
    if first.rev and other.rev:  # what a commit holds never changes
        _kept[_key(project, first, other)] = found
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _key(project: Project, first: Record, other: Record) -> tuple[Path, str, str]:
    return project.root, first.rev, other.rev


def _nothing(sentence: str) -> dict[str, Any]:
    return {"sentence": sentence, "basis": "", **_details(None)}


def _details(compared: Compared | None) -> dict[str, Any]:
    comparison_ = compared.comparison if compared else None
    if comparison_ is None:
        return {"figures": {}, "types": {}}
    return {
        "figures": {name: _difference(found) for name, found in comparison_.figures.items()},
        "types": {name: _difference(found) for name, found in comparison_.per_defect.items()},
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "probability": found.probability,
        "words": words.verdict(found),
    }


def _sentence(compared: Compared, first: Record, other: Record) -> str:
    from tilecli.evaluation import paired

    if compared.comparison is None:
        return f"{other.name} and {first.name} cannot be compared: {compared.words}"
    if compared.comparison.same:
        return f"{other.name} and {first.name} gave the same result on every photo"
    figure = compared.comparison.figures[BY]
    if figure.difference is None:
        return f"No evidence either way: {BY} is undefined on these photos"
    numbers = f"{BY} {words.signed(figure.difference)}"
    if figure.low is not None and figure.high is not None:
        numbers += f" (95 % {words.signed(figure.low)} … {words.signed(figure.high)})"
    if figure.verdict == paired.NO_EVIDENCE:
        few = f", on only {figure.tiles} tiles that differ" if figure.tiles < paired.LEAST_DIFFERING else ""
        return f"No evidence that {other.name} and {first.name} differ: {numbers}{few}"
    return f"{other.name} is {figure.verdict} than {first.name}: {numbers}"
