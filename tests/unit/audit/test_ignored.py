"""The file of ignored findings: what words mean, what is kept, what a broken line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.photo_folder import Dataset, surface
from tilecli.audit.finding import Finding
from tilecli.audit.ignored import Ignored, change, read_ignored, understand
from tilecli.errors import DataError, UsageError
from tilecli.layout import Project

KNOWN = ["one", "two", "crack"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Dataset(tmp_path)
    for name in ("one", "two"):
        made.add(name, surface(len(name)))
    return made.write()


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["one"], [("", "one")]),
        (["speck"], [("speck", "")]),
        (["speck", "one", "two"], [("speck", "one"), ("speck", "two")]),
        (["one", "size", "speck"], [("size", "one"), ("speck", "one")]),
        (["balance", "crack"], [("balance", "crack")]),
    ],
)
def test_words(words: list[str], lines: list[tuple[str, str]]) -> None:
    assert understand(words, KNOWN) == lines


def test_a_word_that_is_neither() -> None:
    with pytest.raises(UsageError) as raised:
        understand(["specks"], KNOWN)
    assert "speck" in (raised.value.hint or "")


def test_added_and_taken_back(project: Project) -> None:
    assert change(project, ["speck", "one"], because='a "stain", no more') == 1
    assert change(project, ["two"], because="old") == 1
    assert change(project, ["two"], because="new") == 1
    lines = read_ignored(project.audit_ignored)
    assert [(line.kind, line.subject, line.because) for line in lines] == [
        ("", "two", "new"),
        ("speck", "one", 'a "stain", no more'),
    ]
    assert lines[0].covers(Finding("size", "two", ""))
    assert not lines[1].covers(Finding("size", "one", ""))
    change(project, ["two"], because=None)
    assert [line.subject for line in read_ignored(project.audit_ignored)] == ["one"]
    with pytest.raises(UsageError, match="not ignored"):
        change(project, ["two"], because=None)


def test_a_photo_that_has_gone_can_be_taken_back(project: Project) -> None:
    project.audit_ignored.write_text("kind,subject,because,by,date\nsize,gone,old,Ann,2026-01-01\n")
    change(project, ["size", "gone"], because=None)
    assert read_ignored(project.audit_ignored) == []


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("kind,subject\n", "because"),
        ("kind,subject,because,by,date\nspek,one,,,\n", "spek"),
        ("kind,subject,because,by,date\n,,why,Ann,2026-01-01\n", "neither"),
    ],
)
def test_a_broken_file(project: Project, text: str, match: str) -> None:
    project.audit_ignored.write_text(text)
    with pytest.raises(DataError, match=match):
        read_ignored(project.audit_ignored)


def test_any_field_is_empty() -> None:
    assert Ignored("", "one", "", "", "").covers(Finding("speck", "one", ""))
