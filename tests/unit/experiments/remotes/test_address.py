"""Addresses of remotes taken apart: what is shared, what is secret, what is no address."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tilecli.errors import MissingExtraError, ProjectError, UsageError
from tilecli.experiments.remotes.address import FOLDER, Address, masked, parse, require_package, secret_in

HTTP_USER = {"auth": "basic", "user": "ann"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("s3://parts/photos/", Address("s3", "s3://parts/photos")),
        (
            "s3://AKIA:s%2Fecret@parts/photos",
            Address("s3", "s3://parts/photos", {}, {"access_key_id": "AKIA", "secret_access_key": "s/ecret"}),
        ),
        ("ssh://ann@lab:2222/srv/parts", Address("ssh", "ssh://ann@lab:2222/srv/parts")),
        ("SSH://ann:pw@lab/srv", Address("ssh", "ssh://ann@lab/srv", {}, {"password": "pw"})),
        ("https://lab.example.org/parts", Address("https", "https://lab.example.org/parts")),
        ("https://ann:p%40w@lab/parts", Address("https", "https://lab/parts", HTTP_USER, {"password": "p@w"})),
        ("webdavs://ann:pw@cloud/dav", Address("webdavs", "webdavs://ann@cloud/dav", {}, {"password": "pw"})),
    ],
)
def test_a_url_is_taken_apart_and_keeps_no_secret(text: str, wanted: Address) -> None:
    found = parse(text, Path("/here"))
    assert found == wanted
    assert not [secret for secret in found.secrets.values() if secret in found.url]


@pytest.mark.parametrize(
    ("text", "folder"),
    [("store", "/here/store"), ("../store", "/store"), ("/mnt/a b", "/mnt/a b"), ("file:///mnt/a%20b", "/mnt/a b")],
)
def test_a_folder_is_kept_as_a_whole_path(text: str, folder: str) -> None:
    assert parse(text, Path("/here")) == Address(FOLDER, folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs a folder or a URL"),
        ("ann@lab:srv/parts", "ssh://ann@lab/srv/parts"),
        ("htps://lab/parts", "did you mean https"),
        ("gopher://lab/parts", "'gopher://' is no kind of remote"),
        ("s3://", "names no bucket"),
        ("s3://a_b$c/x", "letters, digits"),
        ("s3://localhost:9000/parts", "--endpoint-url"),
        ("ssh://lab", "needs a folder on that machine"),
        ("ssh://lab:port/x", "cannot be understood"),
        ("https:///parts", "names no host"),
        ("https://lab/parts?sig=geheim", "no ?"),
    ],
)
def test_what_is_no_address_is_refused_in_words_without_its_secret(text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, Path("/here"))
    assert says in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("/mnt/a:b@c?d", "/mnt/a:b@c?d", []),
        ("ssh://ann@lab/srv", "ssh://ann@lab/srv", []),
        ("ssh://ann:p%40w@lab/srv", "ssh://ann:***@lab/srv", ["p%40w", "p@w"]),
        ("s3://AKIA:xyz@parts/p", "s3://***@parts/p", ["xyz", "xyz", "AKIA"]),
        ("https://lab/p?sig=abc", "https://lab/p?***", ["sig=abc"]),
    ],
)
def test_a_url_that_somebody_wrote_by_hand_is_shown_without_its_secrets(
    url: str, shown: str, secrets: list[str]
) -> None:
    assert masked(url) == shown
    assert secret_in(url) == secrets


def test_a_package_that_is_not_installed_is_named_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", [])  # nothing can be found any more
    for kind in ("s3", "ssh"):
        monkeypatch.delitem(sys.modules, f"dvc_{kind}", raising=False)
        with pytest.raises(MissingExtraError, match=f"dvc-{kind}") as missing:
            require_package(kind)
        assert missing.value.hint == f'pip install "tilecli[{kind}]"'
    with pytest.raises(ProjectError, match="dvc-gs") as refused:
        require_package("gs")
    assert refused.value.hint == "pip install dvc-gs"
