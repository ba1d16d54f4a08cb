from pathlib import Path

import pytest

from tilecli.delivery.check.endpoint import key_from
from tilecli.errors import UsageError

KEYS = {"TILES_API_KEYS": "first-key-of-line-7,second-key-of-line-7"}


def test_the_first_key_of_the_environment() -> None:
    assert key_from(KEYS, None) == "first-key-of-line-7"
    assert key_from({}, None) is None


@pytest.mark.parametrize(
    "text",
    [
        "a-key-of-the-line-1\n",
        "TILES_API_KEYS=a-key-of-the-line-1,another-key-of-it\n",
        "# keys\n\nTILES_API_KEYS='a-key-of-the-line-1'\n",
    ],
)
def test_a_file_goes_before_the_environment(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    assert key_from(KEYS, tmp_path / "key") == "a-key-of-the-line-1"


@pytest.mark.parametrize("data", [b"", b"# none\n", b"short\n", b"\xff\xfe\x00"])
def test_a_file_without_a_key_never_falls_back_on_the_environment(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(UsageError):
        key_from(KEYS, tmp_path / "key")
