"""No secret, however it was given, gets into git, onto the screen, or into any other file of the project."""

from __future__ import annotations

import json
import subprocess

from tests.integration.experiments import git
from tests.integration.remotes.conftest import Data
from tilecli.layout import Project

KEY, SECRET, TOKEN, WEB, SSH = "AKIAGEHEIM", "geheim/one+two", "geheim-three", "geheim four", "geheim-five"
URLS = [
    "s3://AKIAGEHEIM:geheim%2Fone+two@parts/photos",
    "http://ann:geheim%20four@127.0.0.1:9/parts",
    "ssh://bob:geheim-five@lab.invalid/srv",
]


def test_secrets_stay_on_this_machine(stocked: Project, data: Data):
    said = [
        data(stocked, "remote", "add", "cloud", URLS[0], "--secret", f"session_token={TOKEN}"),
        data(stocked, "remote", "add", "web", URLS[1]),
        data(stocked, "remote", "add", "lab", "ssh://bob@lab.invalid/srv", "--secret", "password", typed=f"{SSH}\n"),
        data(stocked, "remote", "add", "lab2", URLS[2], "--default"),
        data(stocked, "remote", "list"),
        data(stocked, "remote", "list", "--json"),
        data(stocked, "remote", "check", "web", code=1),
        data(stocked, "remote", "check", "lab", "--json", code=1),
        data(stocked, "push", code=1),
        data(stocked, "remote", "add", "lab", URLS[2], code=1),
        data(stocked, "remote", "add", "more", "s3://parts/x", "--secret", SECRET, code=2),
        data(stocked, "remote", "add", "more", "s3://parts/x", "--option", f"password={SSH}", code=2),
        data(stocked, "remote", "add", "more", f"{URLS[1]}?token={TOKEN}", code=2),
        data(stocked, "remote", "set", "web", "--secret", f"pasword={SSH}", code=2),
        data(stocked, "remote", "set", "cloud", "--endpoint-url", f"http://ann:{SSH}@lab:9000", code=2),
    ]
    listed = {row["name"]: row for row in json.loads(said[5].stdout)}
    assert listed["cloud"]["secrets"] == ["access_key_id", "secret_access_key", "session_token"]
    assert listed["web"]["secrets"] == listed["lab"]["secrets"] == ["password"]
    git(stocked.root, "add", "--all")
    git(stocked.root, "commit", "--quiet", "-m", "Everything that git takes")

    every = ("geheim", "GEHEIM")
    for done in said:
        assert not [word for word in every if word in done.output], done.output
    objects = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=stocked.root, capture_output=True, check=True
    ).stdout
    assert b"lab2" in objects, "the remotes themselves are in git"
    assert not [word for word in every if word.encode() in objects]
    holders = [
        path.relative_to(stocked.root).as_posix()
        for path in stocked.root.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in every)
    ]
    assert holders == [".dvc/config.local"]
    assert (stocked.root / ".dvc" / "config.local").stat().st_mode & 0o077 == 0
    for secret in (KEY, SECRET, TOKEN, WEB, SSH):
        assert secret in (stocked.root / ".dvc" / "config.local").read_text()
    for name in listed:
        data(stocked, "remote", "remove", name)
    assert "geheim" not in (stocked.root / ".dvc" / "config.local").read_text().lower()
