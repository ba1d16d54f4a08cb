import io
import os
import tarfile
from pathlib import Path

from tilecli.delivery.images.archive import packed


def laid_down(folder: Path) -> Path:
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "ü.txt").write_text("two")
    (folder / "a.txt").write_text("one")
    return folder


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = laid_down(tmp_path / "1"), laid_down(tmp_path / "2")
    os.utime(second / "a.txt", (0, 0))
    (second / "a.txt").chmod(0o600)
    assert packed(first) == packed(second)
    (second / "a.txt").write_text("One")
    assert packed(first) != packed(second)


def test_what_is_in_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(laid_down(tmp_path / "1")))) as tar:
        assert tar.getnames() == ["a.txt", "b/ü.txt"]
        inside = tar.extractfile("b/ü.txt")
        assert inside is not None and inside.read() == b"two"
        assert {(entry.mode, entry.uid, entry.mtime) for entry in tar} == {(0o644, 0, 0)}
