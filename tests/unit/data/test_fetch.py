"""From sources to a dataset that is whole, checked, and the same every time."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli import progress
from tilecli.config import DataParams, SampleParams
from tilecli.data.catalog import read_index, read_mask
from tilecli.data.checks import BadPhotosError
from tilecli.data.fetch import fetch_dataset
from tilecli.errors import DataError
from tilecli.layout import Project


def put(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(cv2.imencode(path.suffix, values)[1]))


def photo(seed: int = 0, height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)


def spot(value: int = 255, height: int = 20, width: int = 30) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[2:5, 3:9] = value
    return mask


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "a project"
    root.mkdir()
    return Project(root)


@pytest.fixture
def tiles_folder(tmp_path: Path) -> Path:
    """Three photos laid out like the real set; masks are grey, as there."""
    folder = tmp_path / "line3"
    put(folder / "MT_Crack" / "Imgs" / "exp2_num_10.JPG", photo(1))
    put(folder / "MT_Crack" / "Imgs" / "exp2_num_10.png", spot(7))
    put(folder / "MT_Uneven" / "Imgs" / "exp3_num_11.jpg", photo(2))
    put(folder / "MT_Uneven" / "Imgs" / "exp3_num_11.png", spot(0))
    put(folder / "MT_Free" / "Imgs" / "other.jpg", photo(3))
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_dataset_is_as_the_contract_says(project: Project, tiles_folder: Path) -> None:
    photos = fetch_dataset(project, DataParams(sources=("../line3",)))
    assert photos == read_index(project.index)
    assert sorted(contents(project.dataset)) == [
        "images/exp2_num_10.jpg",
        "images/exp3_num_11.jpg",
        "images/other.jpg",
        "index.csv",
        "masks/exp2_num_10.png",
        "masks/exp3_num_11.png",
    ]
    first = photos[0]
    assert (first.photo, first.defect, first.source, first.exposure) == ("exp2_num_10", "crack", "line3", "2")
    assert (first.width, first.height) == (30, 20)
    stored = (project.dataset / first.image).read_bytes()
    assert stored == (tiles_folder / "MT_Crack" / "Imgs" / "exp2_num_10.JPG").read_bytes()
    raw = cv2.imread(str(project.dataset / first.mask), cv2.IMREAD_UNCHANGED)
    assert raw.shape == (20, 30) and set(np.unique(raw)) == {0, 255}
    assert read_mask(project.dataset, first).sum() == 18
    assert photos[2].mask == "" and photos[2].defect == "good"


def test_folder_zip_and_table_give_the_same_photos(project: Project, tiles_folder: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "line3-zip"), "zip", tiles_folder.parent, tiles_folder.name))
    table = tmp_path / "line3.csv"
    table.write_text(
        "image,mask,defect\n"
        "line3/MT_Free/Imgs/other.jpg,,free\n"
        "line3/MT_Crack/Imgs/exp2_num_10.JPG,line3/MT_Crack/Imgs/exp2_num_10.png,crack\n"
        "line3/MT_Uneven/Imgs/exp3_num_11.jpg,line3/MT_Uneven/Imgs/exp3_num_11.png,uneven\n"
    )
    seen = []
    for source in (tiles_folder, archive, table):
        fetch_dataset(project, DataParams(sources=(str(source),)))
        files = contents(project.dataset)
        del files["index.csv"]  # its column `source` differs
        seen.append(files)
    assert seen[0] == seen[1] == seen[2]


def test_fetching_again_gives_the_same_bytes(project: Project) -> None:
    params = DataParams(sources=("sample",), sample=SampleParams(tiles=12, seed=3))
    fetch_dataset(project, params)
    before = contents(project.dataset)
    fetch_dataset(project, params)
    assert contents(project.dataset) == before
    assert [path.name for path in (project.root / "data").iterdir()] == ["dataset"]


def test_several_sources(project: Project, tiles_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    put(other / "images" / "exp2_num_10.png", photo(9))
    put(other / "masks" / "exp2_num_10.png", spot())
    photos = fetch_dataset(project, DataParams(sources=("../line3", "../other")))
    assert [(p.photo, p.source) for p in photos] == [
        ("defect_exp2_num_10", "other"),
        ("exp2_num_10", "line3"),
        ("exp3_num_11", "line3"),
        ("other", "line3"),
    ]


def test_mvtec_whose_stems_repeat(project: Project, tmp_path: Path) -> None:
    bottle = tmp_path / "bottle"
    for seed, path in enumerate(("train/good", "test/good", "test/broken", "test/cut")):
        put(bottle / path / "000.png", photo(seed))
    for kind in ("broken", "cut"):
        put(bottle / "ground_truth" / kind / "000_mask.png", spot())
    photos = fetch_dataset(project, DataParams(sources=("../bottle",)))
    assert [(p.photo, p.defect, bool(p.mask)) for p in photos] == [
        ("broken_000", "broken", True),
        ("cut_000", "cut", True),
        ("test_good_000", "good", False),
        ("train_good_000", "good", False),
    ]


def spoil(folder: Path) -> None:
    (folder / "MT_Crack" / "Imgs" / "broken.jpg").write_bytes(b"no photo")
    put(folder / "MT_Crack" / "Imgs" / "broken.png", spot())
    put(folder / "MT_Crack" / "Imgs" / "small.jpg", photo(height=10))
    put(folder / "MT_Crack" / "Imgs" / "small.png", spot())
    put(folder / "MT_Fray" / "Imgs" / "bare.jpg", photo())
    put(folder / "MT_Fray" / "Imgs" / "alone.png", spot())


def test_what_is_wrong_is_one_list_and_nothing_is_left_half_made(project: Project, tiles_folder: Path) -> None:
    params = DataParams(sources=("../line3",))
    fetch_dataset(project, params)
    before = contents(project.root)
    spoil(tiles_folder)
    with pytest.raises(BadPhotosError) as caught:
        fetch_dataset(project, params)
    assert {(problem.file, problem.reason) for problem in caught.value.problems} == {
        ("MT_Crack/Imgs/broken.jpg", "this is no image that can be read"),
        ("MT_Crack/Imgs/small.jpg", "is 30×10 px, but its mask is 30×20 px"),
        ("MT_Fray/Imgs/bare.jpg", "has no mask, and the type fray needs one"),
        ("MT_Fray/Imgs/alone.png", "is a mask without a photo"),
    }
    assert contents(project.root) == before


def test_skip_bad_goes_on_without_them(project: Project, tiles_folder: Path) -> None:
    spoil(tiles_folder)
    events: list[progress.Event] = []
    with progress.listen(events.append):
        photos = fetch_dataset(project, DataParams(sources=("../line3",), skip_bad=True))
    assert len(photos) == 3
    skipped = next(event for event in events if event.task == "skipped")
    assert len(skipped.data["rows"]) == 4
    assert [event.text for event in events if event.kind == "warning"] == [
        "4 files cannot be used and are left out",
        "1 photos of a defect type whose mask is empty: they count as showing no defect pixel "
        "(MT_Uneven/Imgs/exp3_num_11.jpg)",
    ]


def test_nothing_left_is_an_error_even_then(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bad" / "MT_Crack" / "Imgs").mkdir(parents=True)
    (tmp_path / "bad" / "MT_Crack" / "Imgs" / "a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="no photo is left"):
        fetch_dataset(project, DataParams(sources=("../bad",), skip_bad=True))
    assert not project.dataset.exists()


def test_the_dataset_is_not_its_own_source(project: Project, tiles_folder: Path) -> None:
    fetch_dataset(project, DataParams(sources=("../line3",)))
    before = contents(project.dataset)
    for source in ("data/dataset", "."):
        with pytest.raises(DataError, match="inside the dataset"):
            fetch_dataset(project, DataParams(sources=(source,)))
    assert contents(project.dataset) == before


def test_ctrl_c_leaves_nothing(project: Project, tiles_folder: Path) -> None:
    def interrupt(event: progress.Event) -> None:
        if event.task == "check photos" and event.kind == "step":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.listen(interrupt):
        fetch_dataset(project, DataParams(sources=("../line3",)))
    assert list((project.root / "data").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT as a terminal does")
def test_ctrl_c_pressed_again_and_again_leaves_nothing_either(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from tilecli.config import *; from tilecli.layout import Project; "
        "from tilecli.data.fetch import fetch_dataset; "
        "fetch_dataset(Project(Path(sys.argv[1])), DataParams(sources=('sample',), sample=SampleParams(tiles=150)))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(project.root)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if list(project.root.glob("data/.dataset.*/new/.work/checked/*")):
            break
        time.sleep(0.005)
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.003)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert list((project.root / "data").iterdir()) == []


def test_hostile_archives_leave_nothing(project: Project, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("images/a.jpg", b"x")
        archive.writestr("../../escaped.jpg", b"x")
    with pytest.raises(DataError, match="leads outside") as caught:
        fetch_dataset(project, DataParams(sources=("../evil.zip",)))
    assert caught.value.where == "../evil.zip"
    assert not list(tmp_path.rglob("escaped*")) and list((project.root / "data").iterdir()) == []


@pytest.mark.real
def test_the_real_photos(project: Project, real_photos: Path) -> None:
    photos = fetch_dataset(project, DataParams(sources=(str(real_photos),)))
    assert len(photos) == 1066
    types = [p.defect for p in photos]
    assert {kind: types.count(kind) for kind in sorted(set(types))} == {
        "blowhole": 90,
        "break": 68,
        "crack": 43,
        "fray": 21,
        "good": 759,
        "uneven": 85,
    }
    assert {p.exposure for p in photos} == {"0", "1", "2", "3", "4", "5", "6"}
