"""The whole audit: every kind of finding over one dataset, and report.json."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tilecli import files
from tilecli.audit.balance import find_imbalance, type_table
from tilecli.audit.consensus import agreement_table, others_say
from tilecli.audit.copies import find_duplicates, find_leaks, tile_facts
from tilecli.audit.doubts import find_doubts
from tilecli.audit.exposures import find_conflict
from tilecli.audit.finding import KINDS, REPORT, Finding
from tilecli.audit.ignored import read_ignored
from tilecli.audit.labels import find_label_trouble
from tilecli.audit.look import look_at_all
from tilecli.audit.outliers import find_outliers
from tilecli.audit.spots import look_at_spots
from tilecli.data.catalog import Photo, read_index
from tilecli.data.manifest import Assigned, read_manifest
from tilecli.data.tiles import find_tiles
from tilecli.errors import DataError
from tilecli.evaluation.records import read_records
from tilecli.layout import Project


@dataclass(frozen=True)
class Report:
    """What the audit found."""

    photos: list[Photo]
    findings: list[Finding]  # by kind in the order of KINDS, the worst first
    ignored: dict[str, int]  # per kind
    tiles: dict[str, Any]  # see `copies.tile_facts`
    types: list[dict[str, Any]]  # see `balance.type_table`
    agreement: list[dict[str, Any]]  # see `consensus.agreement_table`
    split: dict[str, Any] | None  # data/split_audit.json
    skipped: dict[str, str]  # kind → why it was not looked for
    seconds: float

    def of_kind(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def as_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        return {
            "photos": len(self.photos),
            "seconds": round(self.seconds, 1),
            "counts": {kind: len(self.of_kind(kind)) for kind in KINDS},
            "ignored": {kind: self.ignored.get(kind, 0) for kind in KINDS},
            "skipped": self.skipped,
            "findings": [finding.as_dict() for finding in self.findings],
            "types": self.types,
            "agreement": self.agreement,
            "split": self.split,
            "tiles": self.tiles,
        }


def audit(project: Project) -> Report:
    """Look at the dataset, its split and the evaluation of its model, where there are such.

    Raises ProjectError without a dataset, DataError for an empty one and for files that cannot be read.
    """
    start = time.perf_counter()
    photos = read_index(project.index)
    if not photos:
        raise DataError("the dataset has no photos", where=str(project.index), hint="tiles fetch")
    names = [photo.photo for photo in photos]
    known = set(names)
    rows, split, skipped = _split(project)
    tiles = find_tiles(photos, project.dataset).tiles
    looks = look_at_all(photos, project.dataset)
    spots = look_at_spots(photos, tiles, project.dataset, lambda spot: (find_conflict(spot), list(others_say(spot))))
    types = type_table(looks, tiles, rows)
    findings = [
        *find_leaks(names, tiles, rows),
        *find_label_trouble(looks),
        *(conflict for conflict, _ in spots if conflict),
        *find_duplicates(looks),
        *find_outliers(looks),
        *find_imbalance(types),
    ]
    if project.per_image.is_file():
        records = read_records(project.per_image)
        findings += find_doubts(records, known)
        if all(record.loss is None for record in records):
            skipped["loss"] = "the evaluation is older than this measure; next: tiles eval --force"
    else:
        skipped["loss"] = "no model is evaluated yet; next: tiles train"
    lines = read_ignored(project.audit_ignored)
    ignored = [finding for finding in findings if any(line.covers(finding) for line in lines)]
    order = {kind: place for place, kind in enumerate(KINDS)}
    return Report(
        photos=photos,
        findings=sorted(
            (finding for finding in findings if finding not in ignored),
            key=lambda finding: (order[finding.kind], -finding.weight, finding.subject),
        ),
        ignored=dict(Counter(finding.kind for finding in ignored)),
        tiles=tile_facts(names, tiles),
        types=types,
        agreement=agreement_table([record for _, records in spots for record in records]),
        split=split,
        skipped=skipped,
        seconds=time.perf_counter() - start,
    )


def write_report(project: Project, report: Report) -> None:
    """Write audit/report.json; the folder keeps itself out of git."""
    files.write_text(project.audit / ".gitignore", "*\n")
    files.write_json(project.audit / REPORT, report.as_dict())


def _split(project: Project) -> tuple[Sequence[Assigned], dict[str, Any] | None, dict[str, str]]:
    if not project.split.is_file():
        return [], None, {"leak": "there is no split yet; next: tiles split"}
    try:
        facts = json.loads(project.split_audit.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = None
    return read_manifest(project.split), facts, {}
