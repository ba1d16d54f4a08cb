"""`tiles init` in every kind of folder, with the real git and DVC."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import Tiles
from tilecli.layout import shipped


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_lays_down_the_repositorys_own_pipeline(tiles: Tiles, tmp_path: Path):
    tiles("init", "parts", cwd=tmp_path)
    project = tmp_path / "parts"
    assert (project / "dvc.yaml").read_text() == shipped("dvc.yaml").read_text()
    assert (project / "params.yaml").read_text() == shipped("params.yaml").read_text()
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s") == "Set up the tiles project"
    config = (project / ".dvc" / "config").read_text()
    assert "analytics = false" in config
    assert "check_update = false" in config


def test_preset_and_source_go_into_the_params(tiles: Tiles, tmp_path: Path):
    photos = tmp_path / "my photos"
    (photos / "images").mkdir(parents=True)
    tiles("init", "a project", "--source", photos, "--preset", "demo", "-S", "train.epochs=3", cwd=tmp_path)
    params = yaml.safe_load((tmp_path / "a project" / "params.yaml").read_text())
    assert params["data"]["sources"] == ["../my photos"]
    assert params["train"]["epochs"] == 3
    assert "# " in (tmp_path / "a project" / "params.yaml").read_text()


def test_joins_an_existing_repository_and_leaves_the_users_work_alone(tiles: Tiles, tmp_path: Path):
    git(tmp_path, "init", "--quiet", "-b", "main", "factory")
    factory = tmp_path / "factory"
    (factory / "notes.txt").write_text("mine")
    git(factory, "add", "notes.txt")
    tiles("init", "vision", cwd=factory)
    assert not (factory / "vision" / ".git").exists()
    assert (factory / "vision" / ".dvc").is_dir()
    assert git(factory, "status", "--porcelain") == "A  notes.txt"
    assert "vision/dvc.yaml" in git(factory, "ls-files")


def test_a_folder_that_git_ignores_gets_its_own_repository(tiles: Tiles, tmp_path: Path):
    git(tmp_path, "init", "--quiet", ".")
    (tmp_path / ".gitignore").write_text("/demo/\n")
    tiles("init", "demo", cwd=tmp_path)
    assert (tmp_path / "demo" / ".git").is_dir()


def test_refuses_to_overwrite_and_keeps_a_backup_when_forced(tiles: Tiles, tmp_path: Path):
    tiles("init", cwd=tmp_path)
    (tmp_path / "params.yaml").write_text("train: {epochs: 7}\n")
    refused = tiles("init", cwd=tmp_path, code=1)
    assert "--force" in refused.stderr
    assert (tmp_path / "params.yaml").read_text() == "train: {epochs: 7}\n"
    tiles("init", "--force", cwd=tmp_path)
    backups = list(tmp_path.glob("params.yaml.*.bak"))
    assert [path.read_text() for path in backups] == ["train: {epochs: 7}\n"]
    assert (tmp_path / "params.yaml").read_text() == shipped("params.yaml").read_text()


def test_own_ignore_lines_are_kept(tiles: Tiles, tmp_path: Path):
    (tmp_path / ".gitignore").write_text("secret.txt")
    tiles("init", cwd=tmp_path)
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[0] == "secret.txt"
    assert "/data/downloads/" in lines


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--source", "magnetic-tile"], "magnetic-tiles"),
        (["--preset", "dmeo"], "demo"),
        (["-S", "train.epoch=3"], "train.epochs"),
        (["-S", "train.epochs=0"], "train.epochs"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tiles: Tiles, tmp_path: Path, arguments: list[str], says: str):
    done = tiles("init", "new", *arguments, cwd=tmp_path, code=1)
    assert says in done.stderr
    assert not (tmp_path / "new").exists()


def test_remote_is_set_and_committed(tiles: Tiles, tmp_path: Path):
    tiles("init", "parts", "--remote", tmp_path / "store", cwd=tmp_path)
    assert "url = " in (tmp_path / "parts" / ".dvc" / "config").read_text()
    assert git(tmp_path / "parts", "status", "--porcelain") == ""
