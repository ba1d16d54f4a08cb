"""What is said of an experiment stays with its commit, whoever else writes there."""

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.experiment_repo import Repository, run_files
from tilecli.errors import ProjectError, UsageError
from tilecli.experiments import remarks
from tilecli.experiments.remarks import Remark


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = Repository(tmp_path_factory.mktemp("remarks") / "repository")
    for name in ("one", "two"):
        repository.experiment(name, run_files(curve=[0.1, 0.5]))
    return repository


@pytest.fixture
def repository(made: Repository, tmp_path: Path) -> Repository:
    return made.copy(tmp_path / "copy")


def rev(repository: Repository, name: str) -> str:
    return repository.git("rev-parse", f"refs/exps/{repository.base[:2]}/{repository.base[2:]}/{name}")


def test_a_star_and_a_note_are_kept_each_by_itself(repository: Repository) -> None:
    project, one = repository.project, rev(repository, "one")
    assert remarks.of_all(project) == {}
    assert remarks.change(project, one, star=True) == Remark(star=True)
    assert remarks.change(project, one[:10], note="  the best – so far\n") == Remark(True, "the best – so far")
    assert remarks.of_all(project) == {one: Remark(True, "the best – so far")}
    assert '"note": "the best – so far"' in repository.git("notes", "--ref=tiles", "show", one)


def test_what_says_nothing_any_more_is_gone(repository: Repository) -> None:
    project, one = repository.project, rev(repository, "one")
    remarks.change(project, one, star=True, note="good")
    remarks.change(project, one, star=False, note="")
    assert remarks.of_all(project) == {}
    assert repository.git("notes", "--ref=tiles", "list") == ""


def test_what_others_wrote_there_stays(repository: Repository) -> None:
    project, one, two = repository.project, rev(repository, "one"), rev(repository, "two")
    repository.git("notes", "--ref=tiles", "add", "-m", "by hand", one)
    repository.git("notes", "--ref=tiles", "add", "-m", '{"note": ["odd"], "owner": "Nora", "star": "yes"}', two)
    assert remarks.of_all(project) == {one: Remark(note="by hand"), two: Remark()}
    remarks.change(project, one, star=True)
    remarks.change(project, two, note="now in words")
    assert remarks.of_all(project) == {one: Remark(True, "by hand"), two: Remark(False, "now in words")}
    assert '"owner": "Nora"' in repository.git("notes", "--ref=tiles", "show", two)


def test_bytes_that_are_no_text_are_no_error(repository: Repository) -> None:
    one = rev(repository, "one")
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=repository.folder, input=b"\xff{", capture_output=True, check=True
    )
    repository.git("notes", "--ref=tiles", "add", "-C", blob.stdout.decode().strip(), one)
    assert remarks.of_all(repository.project)[one].note == "�{"


def test_found_where_git_has_spread_many_notes_over_folders(repository: Repository) -> None:
    one = rev(repository, "one")
    others = [hashlib.sha1(b"%d" % number, usedforsecurity=False).hexdigest() for number in range(700)]
    stream = "commit refs/notes/tiles\ncommitter t <t@t> 1 +0000\ndata 0\n"
    stream += "".join(f"M 100644 inline {other[:2]}/{other[2:]}\ndata 1\nx\n" for other in others)
    repository.git("fast-import", "--quiet", given=stream)
    remarks.change(repository.project, one, note="one of many")
    assert remarks.change(repository.project, one, star=True) == Remark(True, "one of many")
    assert len(remarks.of_all(repository.project)) == len(others) + 1


def test_nothing_is_lost_where_many_remark_at_once(repository: Repository) -> None:
    one, two = rev(repository, "one"), rev(repository, "two")
    jobs = [(one, {"star": True}), (one, {"note": "first"}), (two, {"star": True}), (two, {"note": "second"})]
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(lambda job: remarks.change(repository.project, job[0], **job[1]), jobs))
    assert remarks.of_all(repository.project) == {one: Remark(True, "first"), two: Remark(True, "second")}


def test_refuses_what_cannot_be(repository: Repository) -> None:
    with pytest.raises(ProjectError, match="no commit 'nowhere'"):
        remarks.change(repository.project, "nowhere", star=True)
    with pytest.raises(UsageError, match="up to 2,000"):
        remarks.change(repository.project, rev(repository, "one"), note="a" * 2001)


def test_what_two_clones_say_is_put_together(repository: Repository, tmp_path: Path) -> None:
    ours, one, two = repository.project, rev(repository, "one"), rev(repository, "two")
    remarks.change(ours, one, note="first")
    remarks.change(ours, two, note="gone soon", star=True)
    theirs = repository.copy(tmp_path / "theirs").project
    remarks.change(ours, one, star=True)
    remarks.change(ours, two, note="")
    remarks.change(theirs, one, note="better")
    remarks.change(theirs, two, star=False)
    repository.git("fetch", "--quiet", str(theirs.root.parent), f"{remarks.REF}:refs/notes/theirs")
    remarks.merge(ours, repository.git("rev-parse", "refs/notes/theirs"))
    assert remarks.of_all(ours) == {one: Remark(True, "better")}
    assert repository.git("merge-base", "--is-ancestor", "refs/notes/theirs", remarks.REF) == ""
    before = repository.git("rev-parse", remarks.REF)
    remarks.merge(ours, repository.git("rev-parse", "refs/notes/theirs"))
    assert repository.git("rev-parse", remarks.REF) == before


def test_of_two_notes_on_one_commit_none_is_lost(repository: Repository, tmp_path: Path) -> None:
    ours, one, two = repository.project, rev(repository, "one"), rev(repository, "two")
    theirs = repository.copy(tmp_path / "theirs").project
    remarks.change(theirs, one, note="misses cracks")
    remarks.change(theirs, two, star=True)
    repository.git("fetch", "--quiet", str(theirs.root.parent), f"{remarks.REF}:refs/notes/theirs")
    said = repository.git("rev-parse", "refs/notes/theirs")
    remarks.change(ours, one, note="slow", star=True)
    remarks.merge(ours, said)  # they have no remark in common
    assert remarks.of_all(ours) == {one: Remark(True, "slow\nmisses cracks"), two: Remark(star=True)}
    empty = repository.copy(tmp_path / "empty")
    empty.git("update-ref", "-d", remarks.REF)
    remarks.merge(empty.project, said)
    assert empty.git("rev-parse", remarks.REF) == said
