"""Batches of photos join a dataset and leave it, with the real git and DVC."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.integration.data_projects import data, dataset_hash, git, index, mask_of, tiles, told
from tests.photosets import noise, put_photo, spot, write_photos
from tilecli.data.classlist import read_classes, read_types
from tilecli.data.manifest import read_manifest
from tilecli.experiments import clone, dvc
from tilecli.experiments.queue.enqueue import snapshot_of, untracked
from tilecli.layout import Project
from tilecli.paramfile import load, write


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Five new photos."""
    return write_photos(tmp_path / "inbox", {"crack": 2, "good": 3}, seed=2)


def state(project: Project) -> tuple[str, str, str]:
    """All that a refused batch must leave as it was."""
    return project.params.read_text(), git(project, "status", "--porcelain"), dataset_hash(project)


def test_a_batch_joins_and_is_the_dataset_that_fetching_makes(versioned: Project, inbox: Path) -> None:
    done = told(versioned, "add", str(inbox), "--name", "nov", "--note", "new lamp")
    assert done["photos"] == 5
    assert done["types"] == {"crack": 2, "good": 3}
    assert load(versioned.params).data.sources == ("../line 3", "data/batches/nov")
    rows = index(versioned)
    assert len(rows) == 29
    assert rows["p2_000"].source == "nov"
    assert rows["p2_000"].defect == "crack"
    assert "data/batches/nov.dvc" in git(versioned, "diff", "--cached", "--name-only")
    assert git(versioned, "check-ignore", "data/batches/nov/index.csv")
    joined = dataset_hash(versioned)
    tiles(versioned, "fetch", "--force")
    assert dataset_hash(versioned) == joined
    listed = {part["name"]: part for part in told(versioned, "list")}
    assert listed["nov"] | {"bytes": 0, "since": ""} == {
        "name": "nov", "kind": "batch", "photos": 5, "types": {"crack": 2, "good": 3}, "corrects": 0, "bytes": 0,
        "since": "", "by": "An Engineer", "note": "new lamp",
    }  # fmt: skip
    assert listed["nov"]["since"] == ""
    assert listed["line 3"]["photos"] == 24
    assert listed["line 3"]["since"]


def test_nothing_runs_again_after_a_batch_but_what_needs_it(versioned: Project, inbox: Path) -> None:
    data(versioned, "add", str(inbox), "--name", "nov")
    said = tiles(versioned, "split").output
    assert "fetch …" not in said
    assert "split …" in said


def test_known_photos_are_named_and_left_out(versioned: Project, inbox: Path) -> None:
    known = sorted((versioned.root.parent / "line 3" / "images" / "good").iterdir())
    shutil.copy(known[0], inbox / "images" / "good" / "renamed.png")
    pixels = cv2.imread(str(known[1]), cv2.IMREAD_UNCHANGED)
    put_photo(inbox, "good", "packed", pixels, None)
    (inbox / "images" / "good" / "packed.png").write_bytes(
        bytes(cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1])
    )
    shutil.copy(inbox / "images" / "good" / "p2_002.png", inbox / "images" / "good" / "twice.png")
    done = told(versioned, "add", str(inbox), "--name", "nov")
    assert {(pair["photo"], pair["known"], pair["why"]) for pair in done["skipped"]} == {
        ("renamed", known[0].stem, "the same file"),
        ("packed", known[1].stem, "the same pixels"),
        ("twice", "p2_002", "the same file"),
    }
    assert done["photos"] == 5
    assert not {"renamed", "packed", "twice"} & index(versioned).keys()


def test_a_good_photo_without_a_mask_says_what_one_with_an_empty_mask_says(versioned: Project, inbox: Path) -> None:
    name = sorted(name for name, row in index(versioned).items() if row.defect == "good")[0]
    photo = cv2.imread(str(versioned.dataset / index(versioned)[name].image), cv2.IMREAD_UNCHANGED)
    put_photo(inbox, "good", "again", photo, np.zeros(photo.shape[:2], np.uint8))
    (skipped,) = told(versioned, "add", str(inbox), "--name", "nov")["skipped"]
    assert (skipped["photo"], skipped["known"]) == ("again", name)
    assert "label" not in skipped["why"]


def test_a_batch_of_known_photos_alone_is_refused(versioned: Project) -> None:
    before = state(versioned)
    said = data(versioned, "add", "../line 3", "--name", "nov", code=1).output
    assert "all 24 photos are in the dataset already" in said
    assert "--relabel" in said
    assert state(versioned) == before
    assert not versioned.batches.exists()


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["add", "INBOX", "--name", "../up"], "cannot be a batch's name", 1),
        (["add", "INBOX", "--name", "nov.dvc"], "cannot be a batch's name", 1),
        (["add", "INBOX", "--name", "line 3"], "cannot be a batch's name", 1),
        (["add", "nowhere", "--name", "nov"], "there is no source 'nowhere'", 1),
        (["add", "INBOX"], "--name", 2),
        (["remove", "nov"], "there is no batch 'nov'", 1),
    ],
)
def test_bad_input_gets_one_clear_error(
    versioned: Project, inbox: Path, arguments: list[str], says: str, code: int
) -> None:
    before = state(versioned)
    given = [str(inbox) if word == "INBOX" else word for word in arguments]
    assert says in data(versioned, *given, code=code).output
    assert state(versioned) == before


def test_one_bad_photo_stops_the_batch_unless_told_otherwise(versioned: Project, inbox: Path) -> None:
    (inbox / "images" / "crack" / "torn.png").write_bytes(b"\x89PNG torn")
    before = state(versioned)
    said = data(versioned, "add", str(inbox), "--name", "nov", code=1).output
    assert "images/crack/torn.png" in said
    assert state(versioned) == before
    assert not versioned.batches.exists()
    assert told(versioned, "add", str(inbox), "--name", "nov", "--skip-bad")["photos"] == 5


def test_an_archive_and_names_that_are_taken(versioned: Project, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    put_photo(folder, "crack", "p1_000", noise(77), spot())
    put_photo(folder, "good", "P1_001", noise(78))
    with zipfile.ZipFile(tmp_path / "nov.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    data(versioned, "add", str(tmp_path / "nov.zip"), "--name", "nov")
    new = {row.photo for row in index(versioned).values() if row.source == "nov"}
    assert new == {"crack_p1_000", "good_P1_001"}
    assert len({name.casefold() for name in index(versioned)}) == 26


def test_tiles_keep_their_subset_when_a_batch_arrives(versioned: Project, inbox: Path) -> None:
    before = {row.photo: row.subset for row in read_manifest(versioned.split)}
    tested = sorted(name for name, subset in before.items() if subset == "test")
    for name in tested:  # the same spots under more light
        row = index(versioned)[name]
        photo = cv2.imread(str(versioned.dataset / row.image), cv2.IMREAD_UNCHANGED)
        mask = cv2.imread(str(versioned.dataset / row.mask), cv2.IMREAD_UNCHANGED) if row.mask else None
        put_photo(inbox, row.defect, f"bright_{name}", np.clip(photo.astype(int) + 30, 0, 255).astype(np.uint8), mask)
    done = told(versioned, "add", str(inbox), "--name", "nov")
    assert {(pair["photo"], pair["known"], pair["subset"]) for pair in done["near"]} == {
        (f"bright_{name}", name, "test") for name in tested
    }
    tiles(versioned, "split")
    after = {row.photo: row for row in read_manifest(versioned.split)}
    assert {name: after[name].subset for name in before} == before
    assert {after[f"bright_{name}"].subset for name in tested} == {"test"}
    assert all(after[f"bright_{name}"].tile == after[name].tile for name in tested)
    assert len(after) == len(before) + len(tested) + 5


def test_a_batch_corrects_labels_and_removing_it_takes_that_back(versioned: Project, tmp_path: Path) -> None:
    cracked = sorted(name for name, row in index(versioned).items() if row.defect == "crack")
    before, hash_before = {name: mask_of(versioned, name) for name in cracked}, dataset_hash(versioned)
    folder = tmp_path / "corrected"
    for name in cracked[:2]:
        photo = cv2.imread(str(versioned.dataset / index(versioned)[name].image), cv2.IMREAD_UNCHANGED)
        put_photo(folder, "blowhole", name, photo, spot(left=25))
    assert "--relabel takes these" in data(versioned, "add", str(folder), "--name", "x", code=1).output.replace(
        "--relabel corrects their masks and types", "--relabel takes these"
    )
    done = told(versioned, "add", str(folder), "--name", "corrected", "--relabel")
    assert done["relabelled"] == cracked[:2]
    assert done["photos"] == 0
    rows = index(versioned)
    assert [rows[name].defect for name in cracked[:3]] == ["blowhole", "blowhole", "crack"]
    assert rows[cracked[0]].source == "line 3"
    assert mask_of(versioned, cracked[0]) != before[cracked[0]]
    assert mask_of(versioned, cracked[2]) == before[cracked[2]]
    joined = dataset_hash(versioned)
    tiles(versioned, "fetch", "--force")
    assert dataset_hash(versioned) == joined
    changed = told(versioned, "diff")
    assert changed["changes"] == {"added": 0, "removed": 0, "relabelled": 2, "replaced": 0}
    assert {change["type_before"] for change in changed["photos_changed"]} == {"crack"}
    assert next(part for part in told(versioned, "list") if part["name"] == "corrected")["corrects"] == 2
    data(versioned, "remove", "corrected")
    assert dataset_hash(versioned) == hash_before
    assert load(versioned.params).data.sources == ("../line 3",)
    assert not versioned.batches.exists()


def test_a_batch_joins_where_the_first_photos_are_gone(versioned: Project, inbox: Path) -> None:
    shutil.rmtree(versioned.root.parent / "line 3")
    data(versioned, "add", str(inbox), "--name", "nov")
    assert len(index(versioned)) == 29
    data(versioned, "remove", "nov")
    assert len(index(versioned)) == 24


def test_a_batch_that_is_removed_leaves_no_trace_but_in_the_history(versioned: Project, inbox: Path) -> None:
    before = dataset_hash(versioned)
    data(versioned, "add", str(inbox), "--name", "nov")
    data(versioned, "commit", "-m", "Add nov")
    data(versioned, "remove", "nov")
    assert dataset_hash(versioned) == before
    assert not (versioned.batches / "nov").exists()
    data(versioned, "commit", "-m", "Remove nov")
    assert git(versioned, "status", "--porcelain") == ""
    assert told(versioned, "diff", "HEAD~1", "HEAD")["changes"]["removed"] == 5


def test_the_last_source_cannot_be_removed(versioned: Project, inbox: Path) -> None:
    data(versioned, "add", str(inbox), "--name", "nov")
    tiles(versioned, "fetch", "-S", "data.sources=[data/batches/nov]")
    assert "only source" in data(versioned, "remove", "nov", code=1).output


def kill_when(project: Project, inbox: Path, moment: Callable[[], bool]) -> None:
    """Start adding a batch and kill the whole family without warning once `moment` has come."""
    command = [sys.executable, "-m", "tilecli", "data", "add", str(inbox), "--name", "nov"]
    process = subprocess.Popen(
        command, cwd=project.root, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not moment() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("stage", ["folder", "pointer", "params"])
def test_a_batch_that_was_killed_can_be_added_again(versioned: Project, inbox: Path, stage: str) -> None:
    before = dataset_hash(versioned)
    moments: dict[str, Callable[[], bool]] = {
        "folder": (versioned.batches / "nov").exists,
        "pointer": (versioned.batches / "nov.dvc").exists,
        "params": lambda: "nov" in versioned.params.read_text(),
    }
    kill_when(versioned, inbox, moments[stage])
    for lock in ("lock", "rwlock"):  # as DVC says to do after a crash
        (versioned.root / ".dvc" / "tmp" / lock).unlink(missing_ok=True)
    if "nov" in versioned.params.read_text():  # it has joined; what was left to do is what fetch does
        tiles(versioned, "fetch")
    else:
        assert dataset_hash(versioned) == before
        data(versioned, "add", str(inbox), "--name", "nov")
    assert len(index(versioned)) == 29
    assert told(versioned, "status")["changes"]["added"] == 5
    data(versioned, "commit", "-m", "Add nov")
    assert git(versioned, "status", "--porcelain") == ""


def test_a_clone_for_the_queue_has_batches_of_its_own(versioned: Project, inbox: Path, tmp_path: Path) -> None:
    data(versioned, "add", str(inbox), "--name", "nov")
    snapshot = snapshot_of(versioned, git(versioned, "rev-parse", "HEAD"), untracked(versioned)[0])
    joined = dataset_hash(versioned)
    data(versioned, "remove", "nov")
    inside = clone.clone_at(versioned, snapshot, tmp_path / "clone")
    assert (inside.batches / "nov" / "images" / "p2_000.png").is_file()
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", "--force", "--single-item", "fetch"]
    environment = dvc.environment({"TILES_ORIGIN": str(versioned.root)})
    subprocess.run(command, cwd=inside.root, env=environment, check=True)
    assert dataset_hash(inside) == joined
    clone.remove(tmp_path / "clone")


def test_a_batch_of_several_types_keeps_them(versioned: Project, tmp_path: Path) -> None:
    write(versioned.params, {"data.target": "type"})
    both = spot() // 255
    both[20:26, 20:30] = 2
    put_photo(tmp_path / "inbox", "", "both", noise(77), both)
    (tmp_path / "inbox" / "classes.json").write_text('["scratch", "crack"]')
    data(versioned, "add", str(tmp_path / "inbox"), "--name", "nov")
    classes = read_classes(versioned.classes)
    assert classes == ("blowhole", "crack", "scratch")
    types = read_types(versioned.dataset, index(versioned)["both"], classes)
    assert {classes[value - 1] for value in np.unique(types[types > 0])} == {"crack", "scratch"}
    assert classes[types[22, 22] - 1] == "crack"
    data(versioned, "remove", "nov")
    assert read_classes(versioned.classes) == ("blowhole", "crack")
