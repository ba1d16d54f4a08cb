"""A real sshd on loopback with the real client: two clones, and keys that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.experiments import git
from tests.integration.remotes.conftest import Data, answer, clone, contents
from tests.integration.remotes.sshserver import SshServer
from tilecli.experiments.remotes import checking, settings, writing
from tilecli.experiments.remotes.address import parse
from tilecli.layout import Project

pytest.importorskip("dvc_ssh")


def test_two_clones_exchange_a_version(stocked: Project, sshd: SshServer, data: Data, tmp_path: Path):
    data(stocked, "remote", "add", "lab", sshd.url(tmp_path / "store"), "--option", f"keyfile={sshd.key}")
    git(stocked.root, "commit", "--quiet", "-m", "Add the remote", "--", ".dvc/config")
    assert str(sshd.key) not in (stocked.root / ".dvc" / "config").read_text(), "a file of one machine"
    checked = answer(data(stocked, "remote", "check", "--json"))
    assert checked["ok"]
    assert [step["name"] for step in checked["steps"]] == ["open", "write", "list", "read", "delete"]
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()], "the check leaves nothing"
    assert answer(data(stocked, "push", "--json"))["copied"] == 41
    # Cut short as by a broken line; the next push sees its size.
    cut = next(
        path for path in (tmp_path / "store").rglob("*") if path.is_file() and path.read_bytes() == b"masks 11\n"
    )
    cut.write_bytes(b"mas")
    assert answer(data(stocked, "push", "--json"))["copied"] == 1

    other = clone(stocked, tmp_path / "other")
    assert "does not let" in data(other, "pull", code=1).output
    data(other, "remote", "set", "lab", "--option", f"keyfile={sshd.key}")
    data(other, "pull")
    assert contents(other) == contents(stocked)


@pytest.mark.parametrize(
    ("url", "key", "step", "says"),
    [
        ("{url}", "stranger", "open", "does not let"),
        ("ssh://nobody7@127.0.0.1:{port}/srv", "key", "open", "does not let nobody7 in"),
        ("ssh://127.0.0.1:9/srv", "key", "open", "nothing answers at 127.0.0.1:9"),
        ("ssh://lab.invalid/srv", "key", "open", "no machine is called lab.invalid"),
        ("{proc}", "key", "write", "cannot be made"),
    ],
)
def test_check_says_in_words_what_is_wrong(
    stocked: Project, sshd: SshServer, tmp_path: Path, url: str, key: str, step: str, says: str
):
    from dvc.config import Config

    where = url.format(url=sshd.url(tmp_path), proc=sshd.url(Path("/proc/parts")), port=sshd.port)
    remote = writing.add(stocked, "lab", parse(where, tmp_path), {"keyfile": str(getattr(sshd, key))}, {})
    steps = checking.check(remote, Config(str(stocked.root / ".dvc")), None)
    failed = next(one for one in steps if one.ok is False)
    assert (failed.name, says in failed.message) == (step, True), steps
    assert failed.hint
    assert settings.find(stocked, None) == remote
