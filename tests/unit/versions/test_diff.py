"""What differs between two versions."""

from __future__ import annotations

from tilecli.versions.diff import compare
from tilecli.versions.version import Entry, Version


def entry(name: str, defect: str = "crack", image: str = "1", mask: str = "2", source: str = "base") -> Entry:
    return Entry(name, defect, source, f"images/{name}.png", f"masks/{name}.png" if mask else "", image, mask)


def version(*entries: Entry, dataset: str = "") -> Version:
    return Version("", {item.photo: item for item in entries}, {}, dataset)


def test_every_kind_of_change_is_told_apart() -> None:
    before = version(entry("same"), entry("gone"), entry("mask"), entry("type"), entry("photo"))
    after = version(
        entry("same"), entry("mask", mask="9"), entry("type", defect="fray"), entry("photo", image="9", mask="9"),
        entry("new", source="nov"),
    )  # fmt: skip
    found = compare(before, after)
    assert {(change.photo, change.kind) for change in found.changes} == {
        ("gone", "removed"),
        ("mask", "relabelled"),
        ("type", "relabelled"),
        ("photo", "replaced"),
        ("new", "added"),
    }
    assert found.counts() == {"added": 1, "removed": 1, "relabelled": 2, "replaced": 1}
    assert [change.photo for change in found.changes] == sorted(change.photo for change in found.changes)
    assert {"type": "fray", "source": "base", "added": 0, "removed": 0, "relabelled": 1, "replaced": 0} in found.table()
    told = {change.photo: change.as_dict() for change in found.changes}
    assert told["type"] == {
        "photo": "type", "change": "relabelled", "type": "fray", "type_before": "crack", "source": "base",
        "mask_changed": False,
    }  # fmt: skip
    assert told["mask"]["mask_changed"]


def test_a_mask_that_comes_or_goes_is_a_label_too() -> None:
    good, bad = entry("a", "good", mask=""), entry("a")
    assert compare(version(good), version(bad)).counts()["relabelled"] == 1
    assert compare(version(bad), version(good)).counts()["relabelled"] == 1


def test_where_a_photo_comes_from_is_no_difference() -> None:
    assert not compare(version(entry("a")), version(entry("a", source="nov"))).changes


def test_from_nothing_everything_is_added() -> None:
    assert compare(Version(""), version(entry("a"))).counts()["added"] == 1
    assert not compare(version(entry("a"), dataset="x"), version(dataset="x")).changes  # the same data by their hash
