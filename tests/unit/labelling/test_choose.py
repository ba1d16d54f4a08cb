import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dark_bundle import write_dark_bundle
from tests.photosets import noise, put, spot
from tilecli.data.batch import Facts, write_facts
from tilecli.errors import DataError, ProjectError, UsageError
from tilecli.evaluation.records import Record, write_records
from tilecli.labelling.choose import choose
from tilecli.layout import Project


def names(project: Project, source: str | None, *words: str, limit: int = 100) -> list[str]:
    return [task.name for task in choose(project, source, words, limit)]


def report(project: Project, *findings: dict[str, Any]) -> None:
    path = project.root / "audit" / "report.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"findings": list(findings)}))


def test_named_photos_come_in_their_order_once(project: Project) -> None:
    assert names(project, None, "c", "a", "c") == ["c", "a"]
    with pytest.raises(UsageError, match="no photo 'z'"):
        names(project, None, "z")


def test_an_unknown_source_is_refused_with_a_suggestion(project: Project) -> None:
    with pytest.raises(UsageError) as raised:
        names(project, "audits")
    assert "did you mean audit" in str(raised.value.hint)


def test_the_audit_gives_what_a_label_mends(project: Project) -> None:
    report(
        project,
        {"kind": "leak", "photo": "d", "why": "leaks"},
        {"kind": "empty-mask", "photo": "c", "why": "Empty.", "box": None},
        {"kind": "speck", "photo": "a", "why": "A speck.", "box": [1, 2, 3, 4]},
        {"kind": "balance", "photo": None, "type": "crack", "why": "few"},
        {"kind": "speck", "photo": "c", "why": "Another.", "box": [5, 6, 7, 8]},
        {"kind": "speck", "photo": "gone", "why": "not there any more"},
    )
    tasks = choose(project, "audit", (), 100)
    assert [(task.name, task.why, task.box) for task in tasks] == [
        ("c", "Empty. Another.", (5, 6, 7, 8)),
        ("a", "A speck.", (1, 2, 3, 4)),
    ]
    assert names(project, "audit", "leak") == ["d"]
    with pytest.raises(UsageError, match="no finding of the kind 'specks'"):
        names(project, "audit", "specks")


def test_without_an_audit_it_says_so(project: Project) -> None:
    with pytest.raises(ProjectError, match="no audit") as raised:
        names(project, "audit")
    assert raised.value.hint == "tiles data audit"
    report(project)
    (project.root / "audit" / "report.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        names(project, "audit")


def test_the_least_certain_come_first(project: Project) -> None:
    bundle = write_dark_bundle(project.bundle)
    scores = {"a": 0.99, "b": bundle.verdict_threshold + 0.01, "c": 0.01, "d": bundle.verdict_threshold - 0.05}
    write_records(
        project.per_image,
        [
            Record(name, f"tile-{name}", "crack", 0, 0, 0, 10, score, "defect", 0, 0, 0, 1.0)
            for name, score in scores.items()
        ],
    )
    assert names(project, "uncertain", limit=2) == ["b", "d"]


def recording(folder: Path, stem: str, seed: int, **facts: object) -> None:
    put(folder / f"{stem}.png", noise(seed))
    if facts:
        (folder / f"{stem}.json").write_text(json.dumps(facts))


def test_recordings_come_least_certain_first_and_known_ones_not(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    recording(folder, "20261101T010101.5Z-aa", 50, score=0.9, verdict="defect", time="2026-11-01T01:01:01")
    recording(folder, "20261101T010101.5Z-bb", 51, score=0.52, verdict="defect")
    recording(folder, "20261101T010101.5Z-cc", 52, score=0.1, verdict="uncertain")
    recording(folder, "20261101T010101.5Z-dd", 53, score=0.2, verdict="good")
    recording(folder, "plain", 54)
    recording(folder, "a", 55, score=0.5, verdict="defect")  # the dataset has a photo of that name
    (folder / "broken.png").write_bytes(b"no photo")
    shutil.copy(project.dataset / "images" / "d.png", folder / "d-again.png")  # a photo of the dataset
    shutil.copy(folder / "plain.png", folder / "plain-again.png")
    tasks = choose(project, "record", [str(folder)], 100)
    assert [task.name[-2:] for task in tasks] == ["cc", "bb", "dd", "aa", "in"], (
        "known photos are left out, whatever they are called"
    )
    assert [task.photo.defect for task in tasks][:3] == ["defect", "defect", "good"]
    assert not any(task.known for task in tasks)
    assert "." not in tasks[0].name
    assert "2026-11-01 01:01" in tasks[3].why
    assert (tasks[0].photo.height, tasks[0].photo.width) == tasks[0].shape


def test_folders_without_photos_are_refused(project: Project, tmp_path: Path) -> None:
    for words, says in (([], "no folder"), ([str(tmp_path / "nowhere")], "no such folder")):
        with pytest.raises((UsageError, DataError), match=says):
            names(project, "record", *words)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no photos"):
        names(project, "record", str(tmp_path / "empty"))


def test_a_batch_gives_its_photos(project: Project) -> None:
    folder = project.batches / "nov"
    (folder / "images").mkdir(parents=True)
    shutil.copy(project.index, folder / "index.csv")
    write_facts(folder, Facts("nov", "", "", ""))
    project.params.write_text("data:\n  sources: [sample, data/batches/nov]\n")
    assert names(project, "batch", "nov", limit=3) == ["a", "b", "c"]
    with pytest.raises(UsageError, match="no batch is named") as raised:
        names(project, "batch")
    assert raised.value.hint == "one of nov"
    with pytest.raises(ProjectError, match="no batch 'now'"):
        names(project, "batch", "now")


def test_photos_of_several_types_are_not_flattened(project: Project) -> None:
    mask = spot()
    mask[20:24, 20:24], mask[mask == 255] = 1, 2
    put(project.dataset / "masks" / "a.png", mask)
    (project.dataset / "classes.json").write_text('["blowhole", "crack"]')
    with pytest.raises(DataError, match="a shows several types"):
        names(project, None, "b", "a")
    report(project, *({"kind": "speck", "photo": name, "why": "A speck."} for name in "abc"))
    assert names(project, "audit") == ["b", "c"]
