"""What is checked of every photo and how it is said."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import progress
from tilecli.data.checks import (
    BadPhotosError,
    Checked,
    Problem,
    Remark,
    check_photo,
    report_problems,
    report_remarks,
)
from tilecli.data.layouts import Record

# An EXIF block that says "turn by 90°" (orientation 6), as cameras put it behind a JPEG's first two bytes.
TURNED = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 00060000 00000000")


def put(path: Path, values: np.ndarray) -> None:
    path.write_bytes(bytes(cv2.imencode(path.suffix, values)[1]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo of 40×30 px with masks of several kinds."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 40), np.uint8)
    put(tmp_path / "photo.jpg", noise)
    put(tmp_path / "deep.png", noise.astype(np.uint16) * 16)
    mask = np.zeros((30, 40), np.uint8)
    put(tmp_path / "empty.png", mask)
    mask[3, 4] = 1
    put(tmp_path / "mask.png", mask)
    put(tmp_path / "mask.jpg", mask * 255)
    put(tmp_path / "turned.png", mask.T.copy())
    put(tmp_path / "rgba.png", cv2.cvtColor(mask * 255, cv2.COLOR_GRAY2BGRA))
    data = (tmp_path / "photo.jpg").read_bytes()
    (tmp_path / "exif.jpg").write_bytes(data[:2] + TURNED + data[2:])
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.jpg").write_text("no photo")
    return tmp_path


def usable(folder: Path, image: str, mask: str | None, defect: str | None) -> Checked:
    outcome = check_photo(folder, Record(image, mask, defect))
    assert isinstance(outcome, Checked), outcome
    return outcome


def test_a_photo_with_its_mask(folder: Path) -> None:
    checked = usable(folder, "photo.jpg", "mask.png", "crack")
    assert (checked.defect, checked.width, checked.height) == ("crack", 40, 30)
    assert checked.data == (folder / "photo.jpg").read_bytes()
    assert checked.mask is not None and np.argwhere(checked.mask).tolist() == [[3, 4]]
    assert not checked.remarks


def test_sixteen_bits_are_fine(folder: Path) -> None:
    assert usable(folder, "deep.png", "mask.png", "crack").width == 40


def test_a_good_photo_needs_no_mask(folder: Path) -> None:
    assert usable(folder, "photo.jpg", None, "good").mask is None


def test_the_mask_decides_where_nothing_else_does(folder: Path) -> None:
    assert usable(folder, "photo.jpg", "mask.png", None).defect == "defect"
    assert usable(folder, "photo.jpg", "empty.png", None).defect == "good"


def test_size_is_compared_upright(folder: Path) -> None:
    checked = usable(folder, "exif.jpg", "turned.png", "crack")
    assert (checked.width, checked.height) == (30, 40)
    outcome = check_photo(folder, Record("exif.jpg", "mask.png", "crack"))
    assert isinstance(outcome, Problem)
    assert outcome.reason.startswith("is 30×40 px, but its mask is 40×30 px") and "EXIF" in outcome.reason


@pytest.mark.parametrize(
    ("image", "mask", "defect", "remark"),
    [
        ("photo.jpg", "rgba.png", "crack", Remark.COLOUR),
        ("photo.jpg", "mask.jpg", "crack", Remark.LOSSY),
        ("photo.jpg", "empty.png", "uneven", Remark.EMPTY),
        ("photo.jpg", "mask.png", "good", Remark.MARKED),
    ],
)
def test_what_is_remarked(folder: Path, image: str, mask: str, defect: str, remark: Remark) -> None:
    assert usable(folder, image, mask, defect).remarks == {remark}


@pytest.mark.parametrize(
    ("image", "mask", "defect", "file", "words"),
    [
        ("text.jpg", "mask.png", "crack", "text.jpg", "no image"),
        ("cut.jpg", "mask.png", "crack", "cut.jpg", "no image"),
        ("gone.jpg", "mask.png", "crack", "gone.jpg", "no such file"),
        ("photo.jpg", "gone.png", "crack", "gone.png", "no such file"),
        ("photo.jpg", "text.jpg", "crack", "text.jpg", "no image"),
        ("photo.jpg", None, "crack", "photo.jpg", "has no mask, and the type crack needs one"),
        ("photo.jpg", None, None, "photo.jpg", "has no mask, and nothing says"),
        ("photo\udce9.jpg", None, "good", "photo\\udce9.jpg", "not UTF-8"),
    ],
)
def test_what_cannot_be_used(folder: Path, image: str, mask: str | None, defect: str, file: str, words: str) -> None:
    outcome = check_photo(folder, Record(image, mask, defect))
    assert isinstance(outcome, Problem)
    assert outcome.file == file
    assert words in outcome.reason


def test_all_problems_are_one_error() -> None:
    problems = [Problem(f"{n}.jpg", "no image") for n in range(1500)]
    with pytest.raises(BadPhotosError) as caught:
        report_problems(problems, False, "set.zip")
    error = caught.value
    assert error.problems == problems
    assert error.message.startswith("1,500 files cannot be used:\n  0.jpg: no image\n")
    assert len(error.message.splitlines()) == 22 and "1,480 more" in error.message
    assert "--skip-bad" in str(error.hint) and error.where == "set.zip"


def test_skipping_says_what_is_left_out() -> None:
    events: list[progress.Event] = []
    with progress.listen(events.append):
        report_problems([Problem("a.jpg", "no image")], True, "set.zip")
    assert [event.kind for event in events] == ["warning", "result"]
    assert events[1].task == "skipped" and events[1].data == {"rows": [{"file": "a.jpg", "reason": "no image"}]}


def test_remarks_are_one_line_per_kind() -> None:
    events: list[progress.Event] = []
    with progress.listen(events.append):
        report_remarks((f"{n}.png", frozenset({Remark.COLOUR})) for n in range(1200))
    assert len(events) == 1
    assert events[0].text.startswith("1,200 masks with several channels")
    assert events[0].text.endswith("(0.png, 1.png, 2.png, …)")
