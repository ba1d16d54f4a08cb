"""S3 over real HTTP with the real client: keys and rights in words, two clones, interruption by every signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.experiments import git
from tests.integration.remotes.conftest import Data, add_photos, answer, clone, contents
from tests.integration.remotes.s3server import REGION, S3Server
from tilecli.experiments.remotes import checking, settings, writing
from tilecli.experiments.remotes.address import Address
from tilecli.layout import Project

pytest.importorskip("dvc_s3")
WAIT_S = 60


People = dict[str, tuple[str, str] | None]


def add(project: Project, s3: S3Server, bucket: str, keys: tuple[str, str] | None) -> settings.Remote:
    secrets = dict(zip(("access_key_id", "secret_access_key"), keys, strict=True)) if keys else {}
    where = Address("s3", f"s3://{bucket}/photos")
    return writing.add(project, "storage", where, {"endpointurl": s3.url, "region": REGION}, secrets)


def given(keys: tuple[str, str]) -> list[str]:
    """Two keys on the command line."""
    return ["--secret", f"access_key_id={keys[0]}", "--secret", f"secret_access_key={keys[1]}"]


@pytest.fixture(scope="session")
def people(s3: S3Server) -> People:
    s3.bucket("rights")
    owner = s3.owner
    return {
        "owner": owner,
        "reader": s3.person("reader", "s3:GetObject", "s3:ListBucket"),
        "writer": s3.person("writer", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
        "stranger": ("AKIAXXXXXXXXXXXXXXXX", owner[1]),
        "mistyped": (owner[0], owner[1][:-1] + "#"),
        "nobody": None,
    }


@pytest.mark.parametrize(
    ("who", "bucket", "step", "says", "hint"),
    [
        ("owner", "rights", None, "", ""),
        ("owner", "nowhere", "write", "there is no such bucket", "correct the URL"),
        ("reader", "rights", "write", "nothing may be written to this bucket", "s3:PutObject"),
        ("writer", "rights", "delete", "did not delete", "s3:DeleteObject"),
        ("stranger", "rights", "write", "does not know this access_key_id", "--secret access_key_id"),
        ("mistyped", "rights", "write", "does not belong to the access_key_id", "--secret secret_access_key"),
        ("nobody", "rights", "write", "no credentials for this remote", "--secret access_key_id"),
    ],
)
def test_check_says_in_words_what_is_wrong_with_keys_and_rights(
    stocked: Project, s3: S3Server, people: People, who: str, bucket: str, step: str | None, says: str, hint: str
):
    from dvc.config import Config

    remote = add(stocked, s3, bucket, people[who])
    steps = checking.check(remote, Config(str(stocked.root / ".dvc")), None)
    failed = [one for one in steps if one.ok is False]
    assert [one.name for one in failed][:1] == ([step] if step else []), steps
    if step:
        assert says in failed[0].message
        assert hint in failed[0].hint
    else:
        assert [one.name for one in steps] == ["open", "write", "list", "read", "delete"]
    left = [key for key in s3.objects("rights") if "/files/md5/00/" in key]
    assert len(left) == (1 if who == "writer" else 0), "what may be deleted is"
    for key in left:
        s3.files.delete_object(Bucket="rights", Key=key)


def test_two_clones_exchange_versions_and_pay_the_difference(
    stocked: Project, s3: S3Server, data: Data, tmp_path: Path
):
    url = s3.bucket("shared")
    key, secret = s3.person("ann", "s3:*")
    known = ("--endpoint-url", s3.url, "--secret", f"access_key_id={key}", "--secret", "secret_access_key")
    data(stocked, "remote", "add", "storage", url, *known, typed=f"{secret}\n")
    git(stocked.root, "commit", "--quiet", "-m", "Add the remote", "--", ".dvc/config")
    data(stocked, "push")
    before = s3.objects("shared")
    assert len(before) == 41

    other = clone(stocked, tmp_path / "other")
    said = data(other, "pull", code=1).output
    assert "no credentials for this remote on this machine" in said
    assert "tiles data remote set storage --secret access_key_id" in said
    bob = s3.person("bob", "s3:GetObject", "s3:PutObject", "s3:ListBucket")
    data(other, "remote", "set", "storage", *given(bob))
    data(other, "pull")
    assert contents(other) == contents(stocked)

    add_photos(other, range(20, 30))
    data(other, "push")
    assert len(s3.objects("shared")) - len(before) == 10 + 10 + 1
    git(stocked.root, "pull", "--quiet", str(other.root), "main")
    done = data(stocked, "pull")
    assert "pulled 21 files" in done.output
    assert contents(stocked) == contents(other)


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tilecli", "data", *arguments, "--jobs", "1"]
    return subprocess.Popen(
        command, cwd=project.root, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def helpers(project: Project) -> list[int]:
    """Processes that talk to a remote for the project."""
    found = []
    for entry in filter(lambda path: path.name.isdigit(), Path("/proc").iterdir()):
        try:
            if b"remotes.helper" in (entry / "cmdline").read_bytes() and (entry / "cwd").resolve() == project.root:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(condition, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_ctrl_c_and_kill_9_lose_nothing_and_the_same_command_goes_on(
    stocked: Project, s3: S3Server, data: Data, tmp_path: Path
):
    s3.bucket("broken")
    add(stocked, s3, "broken", s3.owner)
    git(stocked.root, "commit", "--quiet", "-m", "Add the remote", "--", ".dvc/config")
    s3.delay = 0.1
    try:
        process = start(stocked, "push")
        wait_until(lambda: len(s3.objects("broken")) >= 2, process)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=WAIT_S)[0]
        assert process.returncode == 130, said
        assert "tiles data push goes on from there" in said
        assert "Traceback" not in said
        assert not helpers(stocked)

        first = len(s3.objects("broken"))
        assert first < 41
        process = start(stocked, "push")
        wait_until(lambda: len(s3.objects("broken")) >= first + 2, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        wait_until(lambda: not helpers(stocked))
        second = s3.objects("broken")
        assert first < len(second) < 41
        assert not [key for key in second if key.endswith(".dir")], "the list goes after all that it lists"
    finally:
        s3.delay = 0.0
    done = answer(data(stocked, "push", "--json"))
    assert (done["copied"], done["known"]) == (41 - len(second), len(second))

    other = clone(stocked, tmp_path / "other")
    data(other, "remote", "set", "storage", *given(s3.owner))
    cache = other.root / ".dvc" / "cache" / "files" / "md5"
    here = lambda: [path for path in cache.rglob("*") if path.is_file()]  # noqa: E731
    s3.delay = 0.1
    try:
        process = start(other, "pull")
        wait_until(lambda: len(here()) >= 4, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        wait_until(lambda: not helpers(other))
    finally:
        s3.delay = 0.0
    got = len(here())
    assert 4 <= got < 41
    assert not contents(other), "half a version is put nowhere"
    done = answer(data(other, "pull", "--json"))
    assert (done["copied"], done["known"], done["mended"]) == (41 - got, got, [])
    assert contents(other) == contents(stocked)
    assert not (other.root / ".dvc" / "cache" / "tmp-tiles").exists()
