from pathlib import Path

import pytest

from tilecli.errors import UsageError
from tilecli.serving.settings import ServeSettings, check, from_json, is_loopback

KEY = "k" * 20


def test_travels_to_a_worker_without_its_keys() -> None:
    settings = ServeSettings(Path("/b"), port=9, api_keys=(KEY,), origins=("https://a",), record=Path("/r"))
    text = settings.as_json()
    assert KEY not in text
    assert from_json(text, (KEY,)) == settings


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "::1"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    check(ServeSettings(Path("b"), host=host), no_auth=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "station-7"])  # noqa: S104 - refused, not bound
def test_other_addresses_need_one(host: str) -> None:
    with pytest.raises(UsageError, match="can be reached"):
        check(ServeSettings(Path("b"), host=host), no_auth=False)
    check(ServeSettings(Path("b"), host=host), no_auth=True)
    check(ServeSettings(Path("b"), host=host, api_keys=(KEY,)), no_auth=False)


def test_what_cannot_be_meant() -> None:
    with pytest.raises(UsageError):
        check(ServeSettings(Path("b"), origins=("*",), api_keys=(KEY,)), no_auth=False)
    with pytest.raises(UsageError):
        check(ServeSettings(Path("b"), shadow_share=1.5), no_auth=False)
