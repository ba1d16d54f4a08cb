"""From the dataset to data/split.csv and data/split_audit.json: reads, calls, writes.

Which photos form a tile is found in `tiles`, who goes where is decided in `assign`, what it gives away is measured in
`leakage`; each of them is pure.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tilecli import progress
from tilecli.config import SplitParams
from tilecli.data.assign import assign
from tilecli.data.catalog import read_index
from tilecli.data.earlier import Record
from tilecli.data.leakage import Evidence, average, measure, read_masks
from tilecli.data.manifest import SUBSETS, Assigned, read_manifest, write_manifest
from tilecli.data.tiles import find_tiles
from tilecli.errors import DataError
from tilecli.files import write_json
from tilecli.layout import GOOD, Project

RANDOM_SPLITS = 20  # the random split's figures are means over this many; one alone is off by ±0.03 Dice


def split_dataset(project: Project, params: SplitParams) -> list[Assigned]:
    """Assign every photo of the dataset, keeping what an earlier split with the same settings assigned.

    Writes the manifest and the audit, and reports the table subset × type with the audit as the result `split`.
    Raises DataError for an empty dataset, unreadable photos, a broken earlier manifest and too few tiles.
    """
    photos = read_index(project.index)
    if not photos:
        raise DataError("the dataset has no photos", where=str(project.index), hint="tiles fetch")
    previous = _previous(project, params)
    found = find_tiles(photos, project.dataset)
    records = [
        Record(photo.photo, tile, photo.defect, family, content)
        for photo, tile, family, content in zip(photos, found.tiles, found.families, found.prints.contents, strict=True)
    ]
    split = assign(records, params, previous)
    for text in split.warnings:
        progress.warn(text)
    gone = {row.photo for row in previous} - {photo.photo for photo in photos}
    if gone:
        progress.note(f"{len(gone)} of {len(previous)} photos of the earlier split are no longer in the dataset")
    evidence = Evidence(
        found.tiles,
        [photo.defect for photo in photos],
        found.numbers,
        found.prints.hashes,
        read_masks(photos, project.dataset),
    )
    audit = _audit(records, split.rows, evidence, params) | {"left_out": split.left_out}
    if not any(row.subset for row in previous):
        # Should this be stopped between the two files, a new split must not be taken for one with the old settings.
        project.split_audit.unlink(missing_ok=True)
    write_manifest(project.split, split.rows)
    write_json(project.split_audit, audit)
    progress.result("split", rows=table(split.rows), totals=totals(split.rows), audit=audit)
    return split.rows


def table(rows: Sequence[Assigned]) -> list[dict[str, Any]]:
    """Photos and tiles per subset and type, good last. A tile with photos of two types counts for both."""
    photos = Counter((row.subset, row.defect) for row in rows)
    tiles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        tiles[row.subset, row.defect].add(row.tile)
    types = sorted({row.defect for row in rows}, key=lambda kind: (kind == GOOD, kind))
    return [
        {"subset": subset, "type": kind, "photos": photos[subset, kind], "tiles": len(tiles[subset, kind])}
        for subset in SUBSETS
        for kind in types
    ]


def totals(rows: Sequence[Assigned]) -> dict[str, dict[str, int]]:
    """Photos and tiles per subset, each tile counted once."""
    return {
        subset: {
            "photos": sum(row.subset == subset for row in rows),
            "tiles": len({row.tile for row in rows if row.subset == subset}),
        }
        for subset in SUBSETS
    }


def _audit(
    records: Sequence[Record], rows: Sequence[Assigned], evidence: Evidence, params: SplitParams
) -> dict[str, Any]:
    # Tiles as they are found today: where an earlier split parted what now looks like one tile, the audit says so.
    subset_of = {row.photo: row.subset for row in rows}
    used = [record for record in records if record.photo in subset_of]
    own = measure(evidence, [subset_of.get(record.photo) for record in records])
    random = average([measure(evidence, subsets) for subsets in _random_splits(records, used, params)])
    figures = own | {f"random_{name}": value for name, value in random.items()}
    return {
        "photos": len(used),
        "tiles": len({record.tile for record in used}),
        "defect_tiles": len({record.tile for record in used if record.defect != GOOD}),
        **{name: None if value is None else round(value, 4) for name, value in figures.items()},
        "settings": _settings(params),
    }


def _random_splits(records: Sequence[Record], used: Sequence[Record], params: SplitParams) -> list[list[str | None]]:
    subsets: list[list[str | None]] = []
    for seed in range(RANDOM_SPLITS):
        try:
            rows = assign(used, params.model_copy(update={"by": "photo", "seed": seed})).rows
        except DataError:  # a handful of photos: there is no random split to compare with
            return []
        subset_of = {row.photo: row.subset for row in rows}
        subsets.append([subset_of.get(record.photo) for record in records])
    return subsets


def _settings(params: SplitParams) -> dict[str, Any]:
    """The settings that the split was made with, as the audit keeps them; folds only where there are any."""
    unused = {"test"} if params.folds else {"folds", "fold"}
    return {name: value for name, value in params.model_dump(mode="json").items() if name not in unused}


def _previous(project: Project, params: SplitParams) -> list[Assigned]:
    """The rows of an earlier split, if it was made with these settings.

    Where only the fold to test on is another, they keep their folds and have no subset.
    """
    if not project.split.is_file():
        return []
    try:
        settings = dict(json.loads(project.split_audit.read_text(encoding="utf-8"))["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        progress.warn(
            "the split is made from scratch: data/split_audit.json does not say with which settings data/split.csv "
            "was made"
        )
        return []
    if settings == _settings(params):
        return read_manifest(project.split)
    if params.folds and settings | {"fold": params.fold} == _settings(params):
        return [replace(row, subset="") for row in read_manifest(project.split)]
    progress.note("the settings of the split have changed: it is made from scratch")
    return []
