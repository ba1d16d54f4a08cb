"""Versions of the data: status, diff, commit, tag, log, rollback and its undoing, with the real git and DVC."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.integration.data_projects import data, dataset_hash, git, index, tiles, told
from tests.photosets import noise, put, write_photos
from tilecli.errors import TilesError
from tilecli.layout import Project
from tilecli.paramfile import load
from tilecli.versions import rollback


@pytest.fixture(scope="module")
def grown_once(versioned_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grown")
    place = Path(shutil.copytree(versioned_once, folder / "place", symlinks=True))
    project = Project(place / "my project")
    inbox = write_photos(folder / "inbox", {"crack": 2, "good": 3}, seed=2)
    data(project, "add", str(inbox), "--name", "nov")
    tiles(project, "split")
    data(project, "commit", "-m", "Add nov")
    data(project, "tag", "with-nov")
    return place


@pytest.fixture
def grown(grown_once: Path, tmp_path: Path) -> Project:
    """A project of 24 photos with a second version: the batch `nov`, split, committed and tagged."""
    shutil.copytree(grown_once, tmp_path / "place", symlinks=True)
    return Project(tmp_path / "place" / "my project")


def test_unchanged_data_have_nothing_to_say(versioned: Project) -> None:
    found = told(versioned, "status")
    assert found["changes"] == {"added": 0, "removed": 0, "relabelled": 0, "replaced": 0}
    assert (found["edited"], found["stale"], found["uncommitted"]) == ([], False, [])
    assert found["described"] == "base"
    assert "as in the last commit" in data(versioned, "commit", "-m", "Nothing", code=1).output


def test_a_file_changed_in_place_is_named_and_never_committed_or_lost(versioned: Project) -> None:
    path = versioned.dataset / index(versioned)["p1_000"].image
    path.chmod(0o644)
    put(path, noise(5))
    found = told(versioned, "status")
    assert found["edited"] == ["data/dataset/images/p1_000.png"]
    assert found["changes"]["replaced"] == 1
    (versioned.root / "data" / "split.csv").touch()
    tiles_file = versioned.params.read_text()
    versioned.params.write_text(tiles_file + "\n")
    assert "changed in place" in data(versioned, "commit", "-m", "x", code=1).output
    versioned.params.write_text(tiles_file)
    assert "changed in place" in data(versioned, "rollback", "base", code=1).output
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_settings_that_do_not_fit_the_dataset_are_not_committed(versioned: Project) -> None:
    versioned.params.write_text(versioned.params.read_text().replace("skip_bad: false", "skip_bad: true"))
    assert told(versioned, "status")["stale"]
    said = data(versioned, "commit", "-m", "x", code=1).output
    assert "tiles fetch" in said


def test_a_commit_takes_data_and_results_and_nothing_else(versioned: Project) -> None:
    (versioned.root / "notes.txt").write_text("mine")
    (versioned.root / "README.md").write_text("changed")
    git(versioned, "add", "notes.txt")
    versioned.params.write_text(versioned.params.read_text().replace("epochs: 40", "epochs: 41"))
    done = told(versioned, "commit", "-m", "Longer")
    assert done["files"] == ["params.yaml"]
    assert done["left"] == ["README.md", "notes.txt"]
    assert git(versioned, "show", "--name-only", "--format=", "HEAD") == "params.yaml"
    assert git(versioned, "diff", "--cached", "--name-only") == "notes.txt"


def test_a_tag_names_a_version_that_is_kept(grown: Project) -> None:
    assert git(grown, "cat-file", "-t", "with-nov") == "tag"
    assert "already" in data(grown, "tag", "with-nov", code=1).output
    assert "cannot be a tag" in data(grown, "tag", "a..b", code=1).output
    grown.params.write_text(grown.params.read_text().replace("epochs: 40", "epochs: 41"))
    assert "tiles data commit" in data(grown, "tag", "later", code=1).output


def test_the_log_counts_what_each_commit_changed(grown: Project) -> None:
    (grown.root / "README.md").write_text("no data")
    git(grown, "commit", "--quiet", "-am", "No data")
    git(grown, "tag", "after")
    found = told(grown, "log")
    assert [(entry["message"], entry["photos"], entry["changes"]["added"]) for entry in found] == [
        ("Add nov", 29, 5),
        ("Base dataset", 24, 24),
    ]
    assert [entry["tags"] for entry in found] == [["after", "with-nov"], ["base"]]
    assert "+5" in data(grown, "log").stdout


def test_versions_are_compared_by_name(grown: Project) -> None:
    there = told(grown, "diff", "base", "with-nov")
    back = told(grown, "diff", "with-nov", "base")
    assert there["changes"]["added"] == back["changes"]["removed"] == 5
    assert there["by_type"] == [
        {"type": "crack", "source": "nov", "added": 2, "removed": 0, "relabelled": 0, "replaced": 0},
        {"type": "good", "source": "nov", "added": 3, "removed": 0, "relabelled": 0, "replaced": 0},
    ]
    assert "no commit, tag or branch 'nope'" in data(grown, "diff", "nope", code=1).output


def test_the_data_go_back_and_come_again(grown: Project) -> None:
    here, split = dataset_hash(grown), grown.split.read_text()
    grown.params.write_text(grown.params.read_text().replace("epochs: 40", "epochs: 41"))
    data(grown, "commit", "-m", "Longer")
    head = git(grown, "rev-parse", "HEAD")
    done = told(grown, "rollback", "base")
    assert done["photos"] == 24
    assert done["changes"]["removed"] == 5
    assert git(grown, "rev-parse", "HEAD~1") == head
    assert git(grown, "symbolic-ref", "--short", "HEAD") in ("main", "master")
    assert git(grown, "status", "--porcelain") == ""
    assert len(index(grown)) == 24
    assert not (grown.batches / "nov").exists()
    params = load(grown.params)
    assert params.data.sources == ("../line 3",)
    assert params.train.epochs == 41  # the data went back, not the settings of the training
    assert told(grown, "status")["edited"] == []
    said = tiles(grown, "split").output
    assert "fetch …" not in said and "split …" not in said

    done = told(grown, "rollback", "--undo")
    assert (done["target"], done["photos"]) == (head, 29)
    assert dataset_hash(grown) == here
    assert grown.split.read_text() == split
    assert git(grown, "diff", head, "HEAD") == ""
    assert (grown.batches / "nov" / "index.csv").is_file()
    assert len(git(grown, "log", "--format=%H").splitlines()) == 6


def test_code_and_settings_go_back_too_where_that_is_asked(grown: Project) -> None:
    (grown.root / "README.md").write_text("later words")
    (grown.root / "tool.py").write_text("later = True\n")
    git(grown, "add", "tool.py")
    git(grown, "commit", "--quiet", "-am", "Later")
    head = git(grown, "rev-parse", "HEAD")
    data(grown, "rollback", "base", "--with-code")
    assert not (grown.root / "tool.py").exists()
    assert "later" not in (grown.root / "README.md").read_text()
    assert git(grown, "diff", "base", "HEAD") == ""
    assert len(index(grown)) == 24
    data(grown, "rollback", "--undo")
    assert git(grown, "diff", head, "HEAD") == ""
    assert len(index(grown)) == 29


def test_uncommitted_work_is_not_lost(grown: Project) -> None:
    text = grown.params.read_text().replace("epochs: 40", "epochs: 41")
    grown.params.write_text(text)
    said = data(grown, "rollback", "base", code=1).output
    assert "params.yaml" in said and "tiles data commit" in said
    assert grown.params.read_text() == text
    git(grown, "checkout", "--", "params.yaml")
    (grown.root / "notes.txt").write_text("mine")
    assert "notes.txt" in data(grown, "rollback", "base", "--with-code", code=1).output
    data(grown, "rollback", "base")  # does not touch it
    assert (grown.root / "notes.txt").read_text() == "mine"
    data(grown, "rollback", "--undo")
    assert (grown.root / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["rollback"], "a version or --undo", 2),
        (["rollback", "base", "--undo"], "a version or --undo", 2),
        (["rollback", "bsae"], "no commit, tag or branch", 1),
        (["rollback", "--undo"], "no rollback", 1),
        (["rollback", "base~1"], "no dataset", 1),
    ],
)
def test_what_cannot_be_gone_back_to(grown: Project, arguments: list[str], says: str, code: int) -> None:
    head = git(grown, "rev-parse", "HEAD")
    assert says in data(grown, *arguments, code=code).output
    assert git(grown, "rev-parse", "HEAD") == head
    assert git(grown, "status", "--porcelain") == ""


def test_files_that_are_elsewhere_are_asked_for(grown: Project) -> None:
    base = told(grown, "log")[-1]["rev"]
    lock = git(grown, "show", f"{base}:dvc.lock")
    from tilecli.versions.version import dataset_of

    md5 = dataset_of(lock)
    (grown.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]).unlink()
    for arguments in (["diff", "base"], ["rollback", "base"]):
        said = data(grown, *arguments, code=1).output
        assert "tiles data pull base" in said
    assert told(grown, "log")[-1]["changes"] is None
    assert git(grown, "status", "--porcelain") == ""


def test_a_rollback_that_fails_midway_leaves_everything_as_it_was(
    grown: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, head = dataset_hash(grown), git(grown, "rev-parse", "HEAD")
    shutil.rmtree(grown.dataset / "images")
    (grown.dataset / "images").symlink_to(os.devnull)  # DVC cannot put photos there
    monkeypatch.chdir(grown.root)
    with pytest.raises(TilesError):
        rollback.rollback(grown, "base")
    (grown.dataset / "images").unlink()
    assert git(grown, "rev-parse", "HEAD") == head
    assert dataset_hash(grown) == here


def test_an_interrupted_rollback_is_taken_back(grown: Project) -> None:
    """As a power cut leaves it: files of the old version, the note, and no commit."""
    head = git(grown, "rev-parse", "HEAD")
    note = {"paths": ["params.yaml", "dvc.lock", "environment", "data"], "target": git(grown, "rev-parse", "base")}
    (grown.scratch / "rollback.json").write_text(json.dumps(note))
    git(grown, "restore", "--source=base", "--staged", "--worktree", "--", "data", "params.yaml")
    assert "interrupted" in data(grown, "rollback", "base", code=1).output
    data(grown, "rollback", "--undo")
    assert git(grown, "rev-parse", "HEAD") == head
    assert git(grown, "status", "--porcelain") == ""
    assert len(index(grown)) == 29
    assert (grown.batches / "nov" / "index.csv").is_file()
    data(grown, "rollback", "base")
    assert len(index(grown)) == 24
