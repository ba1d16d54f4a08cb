"""The index and the masks that everything downstream reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.data.catalog import Photo, decode_mask, encode_mask, read_index, read_mask, write_index
from tilecli.errors import DataError, ProjectError

ROWS = [
    Photo("a,b", "images/a,b.jpg", "masks/a,b.png", "crack", "set", "3", 40, 30),
    Photo('quo"ted\nname', "images/x.png", "", "good", "überall", "", 1, 1),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "index.csv"
    write_index(path, ROWS)
    assert read_index(path) == ROWS
    assert path.read_text().splitlines()[0] == "photo,image,mask,defect,source,exposure,width,height"
    assert b"\r" not in path.read_bytes()


def test_columns_that_were_added_later_do_not_disturb(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text("new,photo,image,mask,defect,source,exposure,width,height\n1,p,i,m,good,s,,4,3\n")
    assert read_index(path) == [Photo("p", "i", "m", "good", "s", "", 4, 3)]


def test_no_dataset_yet(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        read_index(tmp_path / "index.csv")
    assert caught.value.hint == "tiles fetch"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("photo,image\n", "lacks the column mask"),
        ("photo,image,mask,defect,source,exposure,width,height\np,i,m,good,s,,wide,3\n", "whole numbers"),
        ("photo,image,mask,defect,source,exposure,width,height\np,i,m\n", "cut short"),
        ("photo,image,mask,defect,source,exposure,width,height\np,i,m,good,s,,4,0\n", "lacks its photo"),
        ("photo,image,mask,defect,source,exposure,width,height\n" + "p,i,m,good,s,,4,3\n" * 2, "listed twice"),
        ("", "lacks the column photo"),
    ],
)
def test_a_bad_index_names_the_line_and_the_way_out(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "index.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        read_index(path)
    assert caught.value.where is not None and caught.value.where.startswith(f"{path}:")
    assert caught.value.hint == "tiles fetch"


def encoded(values: np.ndarray, suffix: str = ".png") -> bytes:
    return bytes(cv2.imencode(suffix, values)[1])


def test_any_value_above_zero_is_defect_at_any_depth() -> None:
    for kind, low in ((np.uint8, 1), (np.uint16, 1)):
        values = np.zeros((3, 4), kind)
        values[1, 2] = low
        mask, channels = decode_mask(encoded(values))
        assert mask.dtype == np.uint8 and channels == 1
        assert np.argwhere(mask).tolist() == [[1, 2]] and mask.max() == 1


def test_colours_are_joined_and_alpha_is_ignored() -> None:
    values = np.zeros((3, 4, 4), np.uint8)
    values[..., 3] = 255
    values[0, 0, 0], values[1, 1, 1], values[2, 2, 2] = 9, 9, 9
    mask, channels = decode_mask(encoded(values))
    assert channels == 4
    assert np.argwhere(mask).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert decode_mask(encoded(values[..., :3]))[1] == 3


@pytest.mark.parametrize("data", [b"", b"no image", encoded(np.ones((50, 50), np.uint8))[:-30]])
def test_what_is_no_mask(data: bytes) -> None:
    with pytest.raises(DataError, match="no image"):
        decode_mask(data)


def test_masks_are_stored_so_that_people_see_them() -> None:
    mask = np.eye(5, dtype=np.uint8)
    data = encode_mask(mask)
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored.shape == (5, 5) and set(np.unique(stored)) == {0, 255}
    assert (decode_mask(data)[0] == mask).all()


def test_reading_a_stored_mask(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(encode_mask(np.ones((3, 4), np.uint8)))
    assert read_mask(tmp_path, Photo("p", "i", "m.png", "crack", "s", "", 4, 3)).sum() == 12
    assert read_mask(tmp_path, Photo("p", "i", "", "good", "s", "", 4, 3)).shape == (3, 4)
    with pytest.raises(DataError, match=r"4×3 px, the index says 5×3"):
        read_mask(tmp_path, Photo("p", "i", "m.png", "crack", "s", "", 5, 3))
    with pytest.raises(DataError, match="cannot be read"):
        read_mask(tmp_path, Photo("p", "i", "gone.png", "crack", "s", "", 4, 3))
