"""Remotes in DVC's settings: who sees what, and DVC itself can read it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tilecli.errors import ProjectError, TilesError, UsageError
from tilecli.experiments.remotes import settings, writing
from tilecli.experiments.remotes.address import Address, parse
from tilecli.layout import Project

KEYS = {"access_key_id": "AKIA-1", "secret_access_key": 'ge"heim, # = x'}
BUCKET = Address("s3", "s3://parts/photos")


def add(project: Project, name: str, where: Address = BUCKET, **secrets: str) -> settings.Remote:
    return writing.add(project, name, where, {}, secrets)


def committed(project: Project) -> str:
    return (project.root / ".dvc" / "config").read_text()


def local(project: Project) -> Path:
    return project.root / ".dvc" / "config.local"


def as_dvc_reads(project: Project) -> dict[str, dict[str, str]]:
    from dvc.config import Config

    return dict(Config(str(project.root / ".dvc"))["remote"])


def test_secrets_go_to_the_local_settings_only_and_dvc_reads_both(project: Project) -> None:
    options = {"region": "eu-central-1", "profile": "line3"}
    added = writing.add(project, "storage", BUCKET, options, KEYS)
    assert added.default, "the first remote"
    assert "autostage = true" in committed(project)
    assert "eu-central-1" in committed(project)
    for private in (*KEYS.values(), "line3"):
        assert private not in committed(project)
    assert local(project).stat().st_mode & 0o077 == 0
    read = as_dvc_reads(project)["storage"]
    assert {key: read[key] for key in (*KEYS, *options)} == {**KEYS, **options}
    assert set(KEYS.values()) <= set(added.secrets)


def test_a_commit_older_than_the_remote_does_not_stop_dvc(project: Project) -> None:
    before = committed(project)
    add(project, "storage", **KEYS)
    now = committed(project)
    (project.root / ".dvc" / "config").write_text(before)
    assert as_dvc_reads(project)["storage"]["url"] == BUCKET.url
    # A colleague has moved the storage: what stands beside the secrets follows.
    (project.root / ".dvc" / "config").write_text(now.replace(BUCKET.url, "s3://parts/moved"))
    assert settings.find(project, "storage").url == "s3://parts/moved"
    writing.follow(project)
    assert as_dvc_reads(project)["storage"]["url"] == "s3://parts/moved"
    # The user's own URL stays the user's own.
    local(project).write_text(local(project).read_text().replace(settings.COPY, "").replace("moved", "mirror"))
    writing.follow(project)
    assert settings.find(project, "storage").url == as_dvc_reads(project)["storage"]["url"] == "s3://parts/mirror"


def test_a_secret_can_be_changed_and_taken_away(project: Project) -> None:
    add(project, "storage", **KEYS)
    changed = writing.change(project, "storage", {"region": "eu-west-1"}, {"access_key_id": "AKIA-2"})
    assert (changed.settings["access_key_id"], changed.settings["region"]) == ("AKIA-2", "eu-west-1")
    assert changed.settings["secret_access_key"] == KEYS["secret_access_key"]
    bare = writing.change(project, "storage", {"region": ""}, dict.fromkeys(KEYS, ""))
    assert bare.settings == {}
    assert "AKIA" not in local(project).read_text()


def test_the_default_moves_and_a_forgotten_remote_leaves_nothing(project: Project) -> None:
    add(project, "storage", **KEYS)
    add(project, "lab", parse("ssh://ann:pw@lab/srv", project.root))
    assert [remote.name for remote in settings.remotes(project)] == ["storage", "lab"]
    writing.set_default(project, "lab")
    assert [remote.name for remote in settings.remotes(project)] == ["lab", "storage"]
    assert settings.find(project, None).name == "lab"
    writing.remove(project, "lab")
    writing.remove(project, "storage")
    assert settings.remotes(project) == []
    assert as_dvc_reads(project) == {}
    assert "geheim" not in local(project).read_text()


@pytest.mark.parametrize(
    ("name", "where", "options", "secrets", "says"),
    [
        ("Storage", BUCKET, {}, {}, "small letters"),
        ("new", BUCKET, {"password": "geheim"}, {}, "password is a secret"),
        ("new", BUCKET, {"regoin": "eu"}, {}, "did you mean region,"),
        ("new", BUCKET, {}, {"geheim": "x"}, "no setting of that name"),
        ("new", BUCKET, {"read_timeout": "soon"}, {}, "read_timeout is wrong"),
        ("new", BUCKET, {}, {"session_token": "geheim\n'''\"\"\""}, "cannot be kept"),
        ("new", BUCKET, {}, {"session_token": "geheim%(x)s"}, "cannot be kept"),
        ("new", Address("ssh", "ssh://lab/srv"), {"keyfile": "/nowhere/key"}, {}, "no such file"),
        ("taken", BUCKET, {}, {}, "there is a remote 'taken' already"),
    ],
)
def test_what_dvc_would_stumble_over_is_refused_and_nothing_is_written(
    project: Project, name: str, where: Address, options: dict[str, str], secrets: dict[str, str], says: str
) -> None:
    add(project, "taken")
    before = committed(project)
    with pytest.raises(TilesError) as refused:
        writing.add(project, name, where, options, secrets)
    assert says in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert committed(project) == before
    assert not local(project).exists()


def test_a_folder_inside_the_repository_or_a_file_is_no_remote(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inside the repository"):
        add(project, "storage", parse("store", project.root))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="a file, not a folder"):
        add(project, "storage", parse("../file", project.root))


def test_no_secret_is_written_where_git_holds_the_local_settings(project: Project) -> None:
    local(project).write_text("")
    subprocess.run(["git", "add", "--force", local(project)], cwd=project.root, check=True)
    before = committed(project)
    with pytest.raises(ProjectError, match="under git"):
        add(project, "storage", **KEYS)
    assert (local(project).read_text(), committed(project)) == ("", before)


def test_local_settings_that_git_would_take_are_ignored_from_then_on(project: Project) -> None:
    (project.root / ".dvc" / ".gitignore").write_text("/cache")
    add(project, "storage", **KEYS)
    status = subprocess.check_output(["git", "status", "--porcelain", "-uall"], cwd=project.root, text=True)
    assert "config.local" not in status
    assert ".dvc/.gitignore" in status


def test_secrets_that_somebody_wrote_into_git_are_named(project: Project) -> None:
    add(project, "storage", **KEYS)
    assert settings.exposed(project) == []
    with (project.root / ".dvc" / "config").open("a") as stream:
        stream.write("    password = geheim\n['remote \"lab\"']\n    url = ssh://ann:geheim@lab/srv\n")
    assert settings.exposed(project) == ["remote.storage.password", "remote.lab.url"]


def test_an_unknown_remote_is_answered_with_those_there_are(project: Project) -> None:
    with pytest.raises(ProjectError, match="no remote yet"):
        settings.find(project, None)
    add(project, "storage")
    with pytest.raises(ProjectError, match="did you mean storage"):
        settings.find(project, "storge")
    (project.root / ".dvc" / "config").write_text(committed(project).replace("remote = storage", ""))
    with pytest.raises(ProjectError, match="no remote is the default"):
        settings.find(project, None)
