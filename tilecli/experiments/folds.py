"""Fold groups: the experiments of one cross-validation, read from git objects and pooled.

`tiles train --folds K` makes K experiments that differ in nothing but `split.fold`, called NAME-fold1 … NAME-foldK.
Between them they test each photo once, by a model that was not trained on its tile, so their per-photo results can be
put together and measured like those of one evaluation.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilecli.errors import DataError, ProjectError, near_matches
from tilecli.evaluation.pixels import parse_counts
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.compare import changed_params
from tilecli.experiments.evaluated import parse_rows
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.histogram import Int64
from tilecli.layout import Project

_NAME = re.compile(r"(?P<group>.+)-fold(?P<number>[1-9]\d*)")
_NAMED = 3  # photos and experiments named in a refusal


@dataclass(frozen=True)
class Group:
    """The experiments of one cross-validation, as far as they are done."""

    name: str
    folds: int
    members: tuple[Record, ...]  # in the order of their folds

    @property
    def missing(self) -> list[str]:
        """Names of the experiments that are not there."""
        have = {record.name for record in self.members}
        return [name for name in member_names(self.name, self.folds) if name not in have]

    @property
    def created(self) -> float:
        """When the last of them was made, seconds since 1970."""
        return max(record.created for record in self.members)


@dataclass(frozen=True)
class Fold:
    """One experiment of a group and what its evaluation recorded."""

    record: Record
    rows: tuple[Row, ...]
    counts: Int64 | None  # 2×BINS pixels, see `tilecli.histogram`; None where they were not recorded


def member_names(group: str, folds: int) -> list[str]:
    """What the experiments of a group are called; the n-th has `split.fold` n − 1."""
    return [f"{group}-fold{number}" for number in range(1, folds + 1)]


def place(name: str, params: Mapping[str, Any]) -> tuple[str, int] | None:
    """The group that an experiment with these settings is a fold of, and which, from 1; None where it is none."""
    named = _NAME.fullmatch(name)
    # The first fold is the default, which not every params.yaml says.
    if named and params.get("split.folds") and params.get("split.fold", 0) == int(named["number"]) - 1:
        return named["group"], int(named["number"])
    return None


def groups(records: Iterable[Record]) -> list[Group]:
    """The fold groups among `records`, the newest first."""
    members: dict[str, dict[int, Record]] = {}
    for record in sorted(records, key=lambda record: record.created, reverse=True):
        if found := place(record.name, record.params):
            # Two commits can have experiments of one name: the newest counts.
            members.setdefault(found[0], {}).setdefault(found[1], record)
    made = []
    for name, numbered in members.items():
        ordered = tuple(record for _, record in sorted(numbered.items()))
        made.append(Group(name, max(int(record.params["split.folds"]) for record in ordered), ordered))
    return sorted(made, key=lambda group: group.created, reverse=True)


def find(records: Iterable[Record], name: str) -> Group:
    """The fold group called `name`; ProjectError, with near matches, where there is none."""
    known = groups(records)
    for group in known:
        if group.name == name:
            return group
    listed = "tiles exp folds lists those of which one is done" if known else "tiles train --folds 5 makes some"
    hint = near_matches(name, [group.name for group in known]) or listed
    raise ProjectError(f"there are no folds called '{name}'", hint=hint)


def read(project: Project, group: Group) -> list[Fold]:
    """The records of each fold, checked to be those of one cross-validation.

    Raises ProjectError where a fold is missing or was not evaluated, where settings or photos differ, and where a photo
    was tested twice or never; DataError for records that cannot be read.
    """
    if group.missing:
        raise ProjectError(
            f"{len(group.missing)} of the {group.folds} folds of '{group.name}' are not done: {_few(group.missing)}",
            hint="tiles exp status shows what runs; the tiles train --folds that began it goes on with what is missing",
        )
    _check_settings(group)
    paths = [project.per_image, project.lock, project.histogram, project.split]
    texts = snapshot.texts_at(project, [(record.rev, path) for record in group.members for path in paths])
    datasets, folds = {}, []
    for place, record in enumerate(group.members):
        rows_text, lock, pixels_text, _ = texts[len(paths) * place : len(paths) * (place + 1)]
        datasets[record.name] = _dataset(project, lock)
        rows = parse_rows(project, record, rows_text, lock)
        counts = None
        if pixels_text is not None:
            where = f"{record.name}:{project.histogram.relative_to(project.root).as_posix()}"
            counts = parse_counts(pixels_text.splitlines(keepends=True), where)
            if int(counts.sum()) != sum(row.pixels for row in rows):
                raise DataError("it counts other pixels than those of the photos tested", where=where)
        folds.append(Fold(record, tuple(rows), counts))
    if len(set(datasets.values())) > 1:
        other = next(name for name, md5 in datasets.items() if md5 != datasets[group.members[0].name])
        raise _unlike(group, f"{group.members[0].name} and {other} were made of different photos")
    _check_photos(group, folds, texts[len(paths) - 1])
    return folds


def _check_settings(group: Group) -> None:
    for name in changed_params(group.members):
        if name != "split.fold":
            first = group.members[0]
            other = next(r for r in group.members if r.params.get(name) != first.params.get(name))
            raise _unlike(
                group,
                f"{name} is {first.params.get(name)} in {first.name} and {other.params.get(name)} in {other.name}",
            )


def _check_photos(group: Group, folds: Sequence[Fold], split: str | None) -> None:
    """Every photo of the split is tested once."""
    often = Counter(row.photo for fold in folds for row in fold.rows)
    twice = sorted(photo for photo, count in often.items() if count > 1)
    if twice:
        both = [fold.record.name for fold in folds for row in fold.rows if row.photo == twice[0]]
        raise _unlike(group, f"{len(twice)} photos are tested twice, {twice[0]} by {' and '.join(both[:2])}")
    known = [row["photo"] for row in csv.DictReader((split or "").splitlines()) if row.get("photo")]
    never = sorted(set(known) - often.keys())
    if never:
        raise _unlike(group, f"{len(never)} photos of the split are tested by no fold ({_few(never)})")


def _dataset(project: Project, lock: str | None) -> str:
    """The hash of the photos, as DVC noted it; empty where it did not."""
    path = project.dataset.relative_to(project.root).as_posix()
    return next((out.md5 for out in snapshot.locked(lock or "") if out.path == path), "")


def _unlike(group: Group, reason: str) -> ProjectError:
    return ProjectError(
        f"the folds of '{group.name}' are not one cross-validation: {reason}",
        hint=f"tiles train --folds {group.folds} under another --name makes all of them anew",
    )


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def common_params(group: Group) -> dict[str, Any]:
    """The settings of all folds; without the fold."""
    return {name: value for name, value in group.members[0].params.items() if name != "split.fold"}
