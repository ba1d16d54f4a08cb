"""A folder as remote: a version costs the difference, old versions come back, what is missing or damaged is said."""

from __future__ import annotations

from pathlib import Path

from tests.integration.experiments import git
from tests.integration.remotes.conftest import BATCH, Data, add_photos, answer, clone, contents, lay_down
from tilecli.layout import Project


def objects(store: Path) -> set[Path]:
    return {path for path in store.rglob("*") if path.is_file()}


def test_ten_photos_more_on_a_thousand_push_ten_photos_ten_masks_and_one_list(data: Data, tmp_path: Path):
    project = lay_down(tmp_path / "parts")
    add_photos(project, range(1000), good=1000)
    data(project, "remote", "add", "storage", tmp_path / "store")
    assert answer(data(project, "push", "--json"))["copied"] == 1001
    before = objects(tmp_path / "store")
    add_photos(project, range(1000, 1010))
    done = answer(data(project, "push", "--json"))
    assert (done["copied"], done["known"]) == (21, 1000)
    new = objects(tmp_path / "store") - before
    assert len(new) == 21
    assert len([path for path in new if path.suffix == ".dir"]) == 1


def test_versions_come_back_one_by_one_or_all_together(stocked: Project, data: Data, tmp_path: Path):
    data(stocked, "remote", "add", "storage", tmp_path / "store")
    git(stocked.root, "commit", "--quiet", "-am", "Add the remote")
    git(stocked.root, "tag", "base")
    add_photos(stocked, range(20, 23))
    assert answer(data(stocked, "push", "base", "--json"))["copied"] == 41
    assert answer(data(stocked, "push", "--all", "--json"))["copied"] == 7

    other = clone(stocked, tmp_path / "other")
    assert answer(data(other, "pull", "base", "--json"))["copied"] == 41
    assert not (other.root / BATCH).exists(), "another version leaves the workspace alone"
    assert answer(data(other, "pull", "--json"))["copied"] == 7
    assert contents(other) == contents(stocked)
    assert "did you mean base?" in data(other, "pull", "bsae", code=1).output
    assert "--all takes every version" in data(other, "pull", "base", "--all", code=2).output

    # Changes that nothing else holds are not overwritten.
    mine = other.root / BATCH / "images" / "0001.jpg"
    mine.unlink()
    mine.write_text("mine alone")
    assert "changes of its own" in data(other, "pull", code=1).output
    assert mine.read_text() == "mine alone"


def test_what_is_missing_or_damaged_ends_in_one_clear_error(stocked: Project, data: Data, tmp_path: Path):
    data(stocked, "remote", "add", "storage", tmp_path / "store")
    git(stocked.root, "commit", "--quiet", "-am", "Add the remote")
    data(stocked, "push")
    held = {path: path.read_bytes() for path in objects(tmp_path / "store")}
    lost = next(path for path, content in held.items() if content == b"images 3\n")
    bad = next(path for path, content in held.items() if content == b"masks 7\n")
    lost.unlink()
    bad.chmod(0o644)
    bad.write_bytes(b"masks 8\n")

    other = clone(stocked, tmp_path / "other")
    said = data(other, "pull", code=1).output
    assert "1 file is damaged on 'storage'" in said
    assert f"{BATCH}/masks/0007.png" in said
    done = data(stocked, "push", "--verify")
    assert "pushed 2 files" in done.output
    assert f"mended: {BATCH}/masks/0007.png" in done.output
    lost.unlink()
    said = data(other, "pull", code=1).output
    assert "'storage' does not have 1 file of this version" in said
    assert f"{BATCH}/images/0003.jpg" in said
    assert not (other.root / BATCH).exists(), "half a version is put nowhere"
    data(stocked, "push")
    data(other, "pull")
    assert contents(other) == contents(stocked)


def test_a_disk_that_is_not_mounted_is_said(stocked: Project, data: Data, tmp_path: Path):
    data(stocked, "remote", "add", "storage", tmp_path / "mnt" / "disk" / "store")
    assert "is its disk mounted?" in data(stocked, "push", code=1).output
    assert not (tmp_path / "mnt").exists()
    said = data(stocked, "remote", "check", code=1)
    assert "the folder of the remote is not there" in said.output
