"""A clone of a project at some commit: shares the cache and the settings, and leaves the original alone."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.experiments import dvc, git, lay_down, ran, run_baseline
from tilecli.errors import ProjectError
from tilecli.experiments import clone
from tilecli.experiments.dvc import plain
from tilecli.layout import Project


def state(root: Path) -> list[str]:
    """What a clone must not change: every ref, the files, git's own settings and worktrees."""
    return [git(root, "for-each-ref"), git(root, "status", "--porcelain"), git(root, "config", "--local", "--list")]


def test_clone_in_a_subfolder_has_the_settings_the_cache_and_the_commits_files(tmp_path: Path):
    root = tmp_path / "factory"
    project = lay_down(root, inside="lines/vision")
    (tmp_path / "storage").mkdir()
    dvc(project.root, "remote", "add", "--default", "shared", "../../../storage")
    dvc(project.root, "remote", "add", "web", "https://example.org/data")
    dvc(project.root, "config", "--local", "cache.type", "copy")
    dvc(project.root, "remote", "modify", "--local", "web", "password", 'se"c, ret')
    first = run_baseline(project)
    (project.root / "params.yaml").write_text("data: {photos: 9}\n")
    git(root, "commit", "--quiet", "-am", "Later")
    before = state(root)

    place = tmp_path / "elsewhere" / "a clone"
    copy = clone.clone_at(project, first, place)

    assert copy.root == place / "lines" / "vision"
    assert git(place, "rev-parse", "HEAD") == first
    assert "learning_rate: 0.01" in copy.params.read_text()
    assert git(place, "config", "user.email") == "engineer@example.org"
    config = dict(line.split("=", 1) for line in plain(copy.root, "config", "--list").splitlines())
    assert config["remote.shared.url"] == str(tmp_path / "storage")
    assert config["remote.web.url"] == "https://example.org/data"
    assert config["remote.web.password"] == 'se"c, ret'
    assert config["cache.type"] == "copy"
    assert (copy.root / ".dvc" / "config.local").stat().st_mode & 0o077 == 0
    assert git(place, "status", "--porcelain") == ""
    # The data comes from the shared cache: nothing is run, and nothing is downloaded.
    plain(copy.root, "checkout", "data/dataset")
    assert (copy.dataset / "images" / "2.txt").read_text() == "photo 2"
    assert ran(copy) == []
    assert state(root) == before

    clone.remove(place)
    assert not place.exists()
    assert (project.dataset / "images" / "2.txt").read_text() == "photo 2"


def test_a_commit_that_no_branch_reaches_can_be_cloned_from_a_shallow_repository(tmp_path: Path):
    lay_down(tmp_path / "full")
    (tmp_path / "full" / "notes.txt").write_text("second commit\n")
    git(tmp_path / "full", "add", ".")
    git(tmp_path / "full", "commit", "--quiet", "-m", "Second")
    url = (tmp_path / "full").as_uri()
    subprocess.run(["git", "clone", "--quiet", "--depth=1", url, str(tmp_path / "shallow")], check=True)
    shallow = Project(tmp_path / "shallow")
    tree = git(shallow.root, "rev-parse", "HEAD^{tree}")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    loose = git(shallow.root, *identity, "commit-tree", tree, "-p", "HEAD", "-m", "An experiment")
    copy = clone.clone_at(shallow, loose, tmp_path / "clone")
    assert git(copy.root, "log", "--format=%s") == "An experiment\nSecond"


def test_nothing_is_left_where_a_clone_cannot_be_made(tmp_path: Path):
    project = lay_down(tmp_path / "parts")
    with pytest.raises(ProjectError, match="no commit 'nonsense'"):
        clone.clone_at(project, "nonsense", tmp_path / "clone")
    git(project.root, "rm", "--quiet", "--cached", "dvc.yaml")
    git(project.root, "commit", "--quiet", "-m", "Lose the pipeline")
    with pytest.raises(ProjectError, match=r"holds no dvc\.yaml"):
        clone.clone_at(project, "HEAD", tmp_path / "clone")
    assert not (tmp_path / "clone").exists()
