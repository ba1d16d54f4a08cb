"""What changed since a stage of a dvc.lock ran."""

from __future__ import annotations

from typing import Any

import pytest

from tilecli.experiments.reading import facts, lineage
from tilecli.experiments.reading.lineage import Change


def stages(**other: str) -> dict[str, Any]:
    """Four stages that follow each other; `other`: hashes of what one of them wrote since (its name → hash)."""
    files = {"split": "data/split.csv", "train": "training/best.ckpt", "export": "models/bundle", "evaluate": "e.csv"}
    reads = {"split": [], "train": ["split"], "export": ["train"], "evaluate": ["split", "export"]}
    return {
        name: {
            "deps": [{"path": files[maker], "md5": f"{maker}-old"} for maker in reads[name]],
            "outs": [{"path": path, "md5": other.get(name, f"{name}-old")}],
        }
        for name, path in files.items()
    }


def test_stages_that_follow_each_other_have_no_changes() -> None:
    assert lineage.changes(stages()) == {"split": [], "train": [], "export": [], "evaluate": []}


def test_a_change_reaches_all_stages_after_it_the_nearest_first() -> None:
    found = lineage.changes(stages(train="new", export="new"))
    checkpoint, bundle = Change("training/best.ckpt", "train"), Change("models/bundle", "export")
    assert found == {"split": [], "train": [], "export": [checkpoint], "evaluate": [bundle, checkpoint]}


def test_each_change_is_named_once() -> None:
    found = lineage.changes(stages(split="new"))
    assert found["evaluate"] == found["export"] == [Change("data/split.csv", "split")]


def test_photos_that_changed_make_no_other_model() -> None:
    import yaml

    def stale(**other: str) -> list[str]:
        return list(facts.parse("lock", yaml.safe_dump({"stages": stages(**other)}))["stale"])

    assert stale(split="new") == []
    assert stale(split="new", train="new") == ["bundle", "evaluation"]
    assert stale(split="new", export="new") == ["evaluation"]


def test_packages_do_not_count_and_a_folder_is_its_hash() -> None:
    lock = {
        "check_packages": {"outs": [{"path": "environment/requirements.txt", "md5": "new"}]},
        "train": {
            "deps": [{"path": "environment/requirements.txt", "md5": "old"}],
            "outs": [{"path": "a", "md5": "1"}],
        },
        "export": {"deps": [{"path": "a", "hash": "md5", "md5": "1.dir"}, {"path": "nobody's", "md5": "2"}]},
    }
    assert lineage.changes(lock) == {"check_packages": [], "train": [], "export": []}


@pytest.mark.timeout(10)
def test_a_circle_ends() -> None:
    lock = {
        "a": {"deps": [{"path": "y", "md5": "1"}], "outs": [{"path": "x", "md5": "1"}]},
        "b": {"deps": [{"path": "x", "md5": "1"}], "outs": [{"path": "y", "md5": "2"}]},
    }
    assert lineage.changes(lock)["a"] == [Change("y", "b")]
