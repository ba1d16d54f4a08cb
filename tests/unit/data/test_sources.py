"""What may stand in `data.sources`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tilecli.config import DataParams
from tilecli.data.layouts import Record
from tilecli.data.sources import MAGNETIC_TILES, bring, lay_out, locate, locate_all, preview, read_table
from tilecli.errors import DataError


def make_zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


def test_built_in_names() -> None:
    root = Path("project")
    assert locate("sample", root).kind == "sample"
    tiles = locate(MAGNETIC_TILES, root)
    assert (tiles.kind, tiles.name) == ("url", "magnetic-tiles")
    assert tiles.url == "https://github.com/abin24/Magnetic-tile-defect-datasets./archive/refs/heads/master.zip"


def test_relative_paths_start_at_the_project(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "my photos").mkdir()
    source = locate("../my photos", tmp_path / "project")
    assert (source.kind, source.name) == ("folder", "my photos")
    assert source.path.samefile(tmp_path / "my photos")


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make_zip(tmp_path / "Line 3.ZIP")
    source = locate("~/Line 3.ZIP", Path("/elsewhere"))
    assert (source.kind, source.name) == ("archive", "Line 3")


def test_a_folder_called_like_a_built_in_is_reached_by_path(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    assert locate("sample", tmp_path).kind == "sample"
    assert locate("./sample", tmp_path).kind == "folder"


def test_a_web_address_keeps_its_secrets(tmp_path: Path) -> None:
    source = locate("https://me:pass@host.example/sets/line%203.tar.gz?token=abc", tmp_path)
    assert (source.kind, source.name, source.text) == ("url", "line 3", "https://host.example/sets/line%203.tar.gz")


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("magnetic-tile", "no source 'magnetic-tile'", "did you mean magnetic-tiles"),
        ("Sampel", "no source", "did you mean sample"),
        ("phots", "no source", "did you mean photos"),
        ("zzz/qqq", "no source", "give one of magnetic-tiles, sample, a folder"),
        ("s3://bucket/set.zip", "over s3", "give its path"),
        ("one.jpg", "single photo", "folder"),
        ("notes.txt", r"no archive: it begins with b'hello'", "tar.xz"),
    ],
)
def test_what_is_no_source(tmp_path: Path, text: str, words: str, hint: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "one.jpg").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match=words) as caught:
        locate(text, tmp_path)
    assert hint in str(caught.value.hint)


def test_names_of_several_sources_differ(tmp_path: Path) -> None:
    for folder in ("a/photos", "b/photos"):
        (tmp_path / folder).mkdir(parents=True)
    sources = locate_all(["a/photos", "b/photos", "sample", "a/photos"], tmp_path)
    assert [source.name for source in sources] == ["photos", "photos-2", "sample"]


def test_what_is_here_already_is_not_brought(tmp_path: Path) -> None:
    make_zip(tmp_path / "set.zip")
    source = locate("set.zip", tmp_path)
    assert bring(source, tmp_path / "downloads") == source
    assert not (tmp_path / "downloads").exists()


def test_preview_of_an_archive_unpacks_nothing(tmp_path: Path) -> None:
    make_zip(tmp_path / "set.zip", "s/MT_Crack/Imgs/a.jpg", "s/MT_Crack/Imgs/a.png", "s/MT_Free/Imgs/b.jpg")
    layout = preview("set.zip", tmp_path, DataParams())
    assert layout is not None
    assert (layout.name, layout.counts()) == ("<Type>/Imgs", {"crack": 1, "good": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]
    assert preview("sample", tmp_path, DataParams()) is None
    assert preview(MAGNETIC_TILES, tmp_path, DataParams()) is None


def test_an_unknown_layout_names_the_source_not_a_temporary_folder(tmp_path: Path) -> None:
    make_zip(tmp_path / "set.zip", "x/a.jpg")
    with pytest.raises(DataError, match="no layout") as caught:
        lay_out(locate("set.zip", tmp_path), tmp_path / "work", DataParams())
    assert caught.value.where == "set.zip"


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_of_photos(tmp_path: Path, separator: str, start: str) -> None:
    rows = ["Image, mask ,defect,note", "in/a.jpg,m/a.png,MT_Crack,x", '"in/b, c.jpg",,OK,', "c.jpg,c.png,,"]
    if separator == ";":
        rows = [row.replace(",", ";") for row in rows]
    path = tmp_path / "table.csv"
    path.write_text(start + "\r\n".join(rows) + "\r\n", encoding="utf-8")
    layout = read_table(path)
    second = "in/b, c.jpg" if separator == "," else "in/b; c.jpg"
    assert layout.records == (
        Record("in/a.jpg", "m/a.png", "crack"),
        Record(second, None, "good"),
        Record("c.jpg", "c.png", None),
    )
    assert (layout.name, layout.root) == ("CSV", tmp_path)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("photo,mask,defect\n", "lacks the column image", ":1"),
        ("image,mask,defect\n,m,crack\n", "names no image", ":2"),
        ("image,mask,defect\na,m,crack\na,m,crack\n", "listed twice", ":3"),
        ("image,mask,defect\n", "lists no photo", ""),
    ],
)
def test_a_bad_table_names_the_line(tmp_path: Path, text: str, words: str, line: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        read_table(path)
    assert caught.value.where == f"{path}{line}"
