"""What the audit finds in a dataset with one trouble of every kind, and that it finds nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.photo_folder import HEIGHT, WIDTH, Dataset, dented, disc, surface
from tilecli.audit import report as library
from tilecli.audit.contrast import visibility
from tilecli.audit.finding import KINDS
from tilecli.audit.ignored import Ignored, write_ignored
from tilecli.audit.page import write_page
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.errors import DataError
from tilecli.evaluation.records import Record, write_records
from tilecli.layout import Project

SPOTS = 8
NASTY = "a<img src=x>&b"


def add_sound(made: Dataset) -> None:
    """Spots under three exposures each, every second one with a dent, all labelled as they should be."""
    for spot in range(SPOTS):
        mask = disc(40 + 10 * spot, 60, 8) if spot % 2 else None
        for exposure, gain in enumerate((0.7, 1.0, 1.2)):
            photo = surface(spot, gain)
            name = f"spot{spot}-{exposure}"
            made.add(name, photo if mask is None else dented(photo, mask), mask, "dent" if spot % 2 else "good")


def record(photo: str, loss: float | None) -> Record:
    return Record(photo, "t", "dent", 0, 900, 200, 20_000, 0.9, "defect", 1, 0, 0, 5.0, "", loss)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Dataset(tmp_path_factory.mktemp("factory"))
    add_sound(made)
    made.add("empty", surface(100), np.zeros((HEIGHT, WIDTH), np.uint8), "dent")
    made.add(NASTY, surface(101), disc(50, 50, 6), "good")
    smooth = cv2.GaussianBlur(surface(102), (0, 0), 5)
    made.add("shifted", dented(smooth, disc(120, 60, 12)), disc(40, 60, 12), "dent")
    pen = disc(60, 60, 20)
    made.add("pen", dented(surface(103), pen), pen | disc(150, 20, 1), "dent")
    for exposure in range(3):
        mask = disc(85, 60, 10)
        photo = dented(surface(104, 0.8 + 0.2 * exposure), mask)
        said = (mask, "dent") if exposure else (np.zeros_like(mask), "good")
        made.add(f"quarrel-{exposure}", photo, *said)
    made.add("copy", surface(0, 1.0))
    made.add("dark", np.asarray(surface(105) // 40, np.uint8))
    made.add("small", surface(106, shape=(30, 42)))
    made.add("rare", dented(surface(107), disc(60, 60, 9)), disc(60, 60, 9), "chip")
    project = made.write()
    # spot0 is torn apart.
    subsets = {"spot0-0": "test", "spot1-0": "test", "spot1-1": "test", "spot1-2": "test", "rare": "test"}
    rows = [Assigned(photo.photo, "t", photo.defect, subsets.get(photo.photo, "train"), "") for photo in made.photos]
    write_manifest(project.split, rows)
    names = [photo.photo for photo in made.photos if photo.defect == "dent"]
    write_records(project.per_image, [record(name, 2.0 if name == "spot3-1" else 0.01) for name in names])
    return project


@pytest.fixture(scope="module")
def found(troubled: Project) -> library.Report:
    return library.audit(troubled)


@pytest.mark.parametrize(
    ("kind", "subjects"),
    [
        ("leak", {"spot0-0"}),
        ("empty-mask", {"empty"}),
        ("marked-good", {NASTY}),
        ("exposures", {"quarrel-0"}),
        ("unseen", {"shifted"}),
        ("loss", {"spot3-1"}),
        ("speck", {"pen"}),
        ("duplicate", {"copy"}),
        ("brightness", {"dark"}),
        ("size", {"small"}),
        ("balance", {"chip", "dent", "good"}),
    ],
)
def test_each_trouble_is_found_and_nothing_else(found: library.Report, kind: str, subjects: set[str]) -> None:
    assert {finding.subject for finding in found.of_kind(kind)} == subjects


def test_a_sound_dataset_has_no_findings(tmp_path: Path) -> None:
    made = Dataset(tmp_path)
    add_sound(made)
    report = library.audit(made.write())
    assert [finding for finding in report.findings if finding.kind != "balance"] == []
    assert report.tiles["by_photos"] == {"3": SPOTS}
    assert set(report.skipped) == {"leak", "loss"}


def test_reasons_name_figures_and_photos(found: library.Report) -> None:
    why = {finding.kind: finding.why for finding in found.findings if finding.subject != "dent"}
    assert "1 in test" in why["leak"]
    assert "3 in train" in why["leak"]
    assert "quarrel-1, quarrel-2 say dent" in why["exposures"]
    assert "quarrel-0 says good, nothing marked" in why["exposures"]
    assert "spot0-1" in why["duplicate"]
    assert "(149, 19)" in why["speck"]
    assert "Dice 0.00" in why["loss"]


def test_json_says_the_same(found: library.Report, troubled: Project) -> None:
    library.write_report(troubled, found)
    written = json.loads((troubled.audit / "report.json").read_text())
    assert sum(written["counts"].values()) == len(written["findings"]) == len(found.findings)
    assert all(
        one["fix"] and one["ignore"].startswith(f"tiles data ignore {one['kind']} ") for one in written["findings"]
    )
    assert (troubled.audit / ".gitignore").read_text() == "*\n"
    tile = next(names for names in written["tiles"]["members"].values() if "copy" in names)
    assert sorted(tile) == ["copy", "spot0-0", "spot0-1", "spot0-2"]


def test_page_shows_every_finding_and_fetches_nothing(found: library.Report, troubled: Project, tmp_path: Path) -> None:
    write_page(troubled, found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for kind in KINDS:
        assert f'id="{kind}"' in page
    assert page.count("<article>") >= len(found.findings)
    assert 'id="agreement"' in page
    assert f"<td>all</td><td>{found.agreement[-1]['photos']}</td>" in page
    assert NASTY not in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_ignored_findings_are_counted_and_not_shown(found: library.Report, troubled: Project) -> None:
    lines = [
        Ignored("speck", "", "as meant", "Ann", "2026-11-01"),
        Ignored("", "copy", "as meant", "Ann", "2026-11-01"),
    ]
    write_ignored(troubled.audit_ignored, lines)
    try:
        spared = library.audit(troubled)
    finally:
        troubled.audit_ignored.unlink()
    assert spared.ignored == {"speck": 1, "duplicate": 1}
    assert len(spared.findings) == len(found.findings) - 2


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photos"):
        library.audit(Dataset(tmp_path).write())


def test_what_is_seen_and_what_is_not() -> None:
    photo, mask = surface(5), disc(60, 60, 10)
    assert (visibility(dented(photo, mask), mask) or 0) > 0.95
    assert visibility(photo, np.zeros_like(mask)) is None
    assert visibility(photo, np.ones_like(mask)) is None
