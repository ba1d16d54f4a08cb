"""data/split.csv survives writing and reading; whatever is wrong with it is named with its line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.data.catalog import Photo
from tilecli.data.manifest import SUBSETS, Assigned, match_photos, read_manifest, write_manifest
from tilecli.errors import DataError

ROWS = [Assigned("a", "tile-1", "good", "train", "00ff"), Assigned("b, c", "tile-2", "crack", "test", "")]

# Every name a file can have but those with control characters, of which Python 3.11's csv does not quote all.
text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
rows_of_photos = st.lists(
    st.builds(Assigned, text, text, text, st.sampled_from(SUBSETS), text, st.sampled_from(["", "0", "11"])),
    min_size=1,
    unique_by=lambda row: row.photo,
)


@given(rows_of_photos)
def test_rows_come_back_as_written(rows: list[Assigned]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "split.csv"
        write_manifest(path, rows)
        assert read_manifest(path) == rows


def test_columns_are_the_contract(tmp_path: Path) -> None:
    write_manifest(tmp_path / "split.csv", ROWS)
    lines = (tmp_path / "split.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",")[:4] == ["photo", "tile", "defect", "subset"]
    assert lines[0].split(",")[4:] == ["content"]
    assert lines[1] == "a,tile-1,good,train,00ff"


def test_folds_have_a_column_where_there_are_any(tmp_path: Path) -> None:
    write_manifest(tmp_path / "split.csv", [Assigned("a", "t", "good", "train", "00ff", "3")])
    assert (tmp_path / "split.csv").read_text(encoding="utf-8").splitlines() == [
        "photo,tile,defect,subset,content,fold",
        "a,t,good,train,00ff,3",
    ]


def test_only_the_contract_is_needed_and_more_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("subset,photo,remark,tile,defect\ntest,a,mine,t,good\n", encoding="utf-8-sig")
    assert read_manifest(path) == [Assigned("a", "t", "good", "test")]


HEADER = "photo,tile,defect,subset\n"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", 1, "photo is missing"),
        ("photo,tile,subset\n", 1, "defect is missing"),
        (HEADER, 1, "lists no photos"),
        (HEADER + "a,t,good,train\nb,t,good,tset\n", 3, "did you mean test"),
        (HEADER + "a,t,good,train\na,t,good,train\n", 3, "listed twice"),
        (HEADER + "a,t,,train\n", 2, "defect is empty"),
        (HEADER + "a,t\n", 2, "more or fewer fields"),
        (HEADER.strip() + ",fold\na,t,good,train,-1\n", 2, "the fold '-1' is no number"),
        (HEADER + "a,t,good,train,x\n", 2, "more or fewer fields"),
        (HEADER + 'a,t,good,"train\n', 1, "end of data"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: str, line: int, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(path)
    assert caught.value.where == f"{path}, line {line}"
    assert "tiles split" in (caught.value.hint or "")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe\x00,t,good,train\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(path)


def test_no_manifest_yet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not split yet") as caught:
        read_manifest(tmp_path / "split.csv")
    assert caught.value.hint == "tiles split"


def test_rows_meet_their_photos() -> None:
    photos = [Photo(name, f"images/{name}.jpg", "", "good", "s", "", 1, 1) for name in ("x", "b, c", "a")]
    assert [(row.photo, photo.image) for row, photo in match_photos(ROWS, photos)] == [
        ("a", "images/a.jpg"),
        ("b, c", "images/b, c.jpg"),
    ]
    with pytest.raises(DataError, match="1 of 2 photos of the split are not in the dataset, the first is a") as caught:
        match_photos(ROWS, photos[:2])
    assert caught.value.hint == "tiles split"
