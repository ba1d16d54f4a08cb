"""Files appear whole or not at all."""

import json
import stat
from pathlib import Path

import pytest

from tilecli import files


def test_a_file_appears_only_when_the_block_ends_well(tmp_path: Path):
    target = tmp_path / "deep" / "a.json"
    with files.whole_file(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.suffix == ".json"
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), files.whole_file(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_takes_the_old_ones_place(tmp_path: Path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "old").touch()
    with files.whole_folder(target) as temporary:
        (temporary / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    with pytest.raises(ValueError, match="stop"), files.whole_folder(target) as temporary:
        (temporary / "half").touch()
        raise ValueError("stop")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_files_are_as_readable_as_any_other(tmp_path: Path):
    files.write_text(tmp_path / "ours", "x")
    (tmp_path / "plain").write_text("x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")}
    assert len(modes) == 1


def test_json_refuses_nan(tmp_path: Path):
    files.write_json(tmp_path / "a.json", {"dice": 0.5})
    assert json.loads((tmp_path / "a.json").read_text()) == {"dice": 0.5}
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "b.json", {"dice": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_sha256_is_the_known_one(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")
