"""`split_dataset` on photos: files written, the earlier split kept or dropped, the audit, the real photos."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tilecli import progress
from tilecli.config import SplitParams
from tilecli.data.catalog import Photo, encode_mask, read_index, write_index
from tilecli.data.manifest import Assigned, read_manifest
from tilecli.data.split import split_dataset, table, totals
from tilecli.errors import DataError, ProjectError
from tilecli.layout import Project

REAL = Path(__file__).parents[3] / ".." / "shared" / "data" / "magnetic-tiles.zip"
PARAMS = SplitParams(valid=0.2, test=0.3)


def shoot(project: Project, name: str, spot: int, exposure: int, defect: str) -> Photo:
    """Write the photo (and mask) of a spot under an exposure; every spot has its own texture and defect place."""
    noise = np.random.default_rng(spot).normal(size=(90, 120))
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    light = (0.45 + 0.25 * smooth / np.abs(smooth).max()) ** (0.6 + 0.3 * exposure)
    for folder in ("images", "masks"):
        (project.dataset / folder).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(project.dataset / "images" / f"{name}.png"), np.asarray(255 * light, np.uint8))
    if defect != "good":
        mask = np.zeros((90, 120), np.uint8)
        # Defects of different spots do not touch, so that copying a stranger's mask scores nothing.
        mask[2 * (spot % 40) : 2 * (spot % 40) + 2] = 1
        (project.dataset / "masks" / f"{name}.png").write_bytes(encode_mask(mask))
    mask_path = "" if defect == "good" else f"masks/{name}.png"
    return Photo(name, f"images/{name}.png", mask_path, defect, "test", str(exposure), 120, 90)


def shoot_spots(project: Project, spots: range) -> list[Photo]:
    """Three exposures of each spot; even spots are cracked."""
    return [
        shoot(project, f"spot{spot:02}_{exposure}", spot, exposure, "good" if spot % 2 else "crack")
        for spot in spots
        for exposure in range(3)
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    write_index(made.index, shoot_spots(made, range(20)))
    return made


def run(project: Project, params: SplitParams = PARAMS) -> tuple[list[Assigned], dict[str, Any], list[progress.Event]]:
    """The rows, the audit as it is on disk, and what was said."""
    events: list[progress.Event] = []
    with progress.listen(events.append):
        rows = split_dataset(project, params)
    assert read_manifest(project.split) == rows
    return rows, json.loads(project.split_audit.read_text(encoding="utf-8")), events


def said(events: list[progress.Event], kind: str) -> list[str]:
    return [event.text for event in events if event.kind == kind]


def test_split_by_tile_does_not_leak_and_the_random_one_does(project: Project) -> None:
    rows, audit, events = run(project)
    assert len(rows) == 60
    assert {key: audit[key] for key in ("photos", "tiles", "defect_tiles")} == {
        "photos": 60,
        "tiles": 20,
        "defect_tiles": 10,
    }
    assert audit["leaked_share"] == 0.0
    assert audit["copy_sibling_dice"] == 0.0
    assert audit["copy_nearest_dice"] == 0.0
    # A test photo has no sibling in training where both of the others are in valid or test: 0.5² of the time.
    assert audit["random_leaked_share"] == pytest.approx(0.75, abs=0.1)
    # Siblings' masks are equal here: all that leaks is answered right, the rest with an empty mask.
    assert 0.7 < audit["random_copy_sibling_dice"] < 1.0
    assert audit["settings"] == {"by": "tile", "valid": 0.2, "test": 0.3, "seed": 0, "good": True}
    assert audit["left_out"] == []
    assert said(events, "warning") == []


def test_result_holds_the_table_and_the_audit(project: Project) -> None:
    rows, audit, events = run(project)
    result = next(event for event in events if event.kind == "result")
    assert result.task == "split"
    assert result.data["audit"] == audit
    assert result.data["rows"] == table(rows)
    assert {"subset": "test", "type": "crack", "photos": 9, "tiles": 3} in result.data["rows"]
    assert result.data["totals"]["test"] == {"photos": 18, "tiles": 6}
    json.dumps(result.as_dict())  # a stage sends it as a line of JSON


def test_table_counts_a_mixed_tile_for_both_types_and_once_in_total() -> None:
    rows = [Assigned("a", "t", "crack", "test"), Assigned("b", "t", "good", "test")]
    counted = [row for row in table(rows) if row["photos"]]
    assert counted == [
        {"subset": "test", "type": "crack", "photos": 1, "tiles": 1},
        {"subset": "test", "type": "good", "photos": 1, "tiles": 1},
    ]
    assert totals(rows)["test"] == {"photos": 2, "tiles": 1}


def test_split_by_photo_leaks_and_says_so(project: Project) -> None:
    rows, audit, _ = run(project, PARAMS.model_copy(update={"by": "photo"}))
    assert audit["leaked_share"] > 0.5
    assert audit["copy_sibling_dice"] > 0.5
    assert Counter(row.subset for row in rows) == {"train": 30, "valid": 12, "test": 18}


def test_photos_added_later_join_their_tile_and_move_none(project: Project) -> None:
    before, _, _ = run(project)
    more = [shoot(project, "a_late_shot", 3, 3, "good"), *shoot_spots(project, range(20, 26))]
    write_index(project.index, [*more, *read_index(project.index)])
    rows, audit, _ = run(project)
    now = {row.photo: row for row in rows}
    assert all(now[row.photo] == row for row in before)
    assert (now["a_late_shot"].tile, now["a_late_shot"].subset) == (now["spot03_0"].tile, now["spot03_0"].subset)
    assert len(rows) == len(before) + len(more)
    assert (audit["tiles"], audit["leaked_share"]) == (26, 0.0)


def test_other_settings_split_from_scratch_and_back(project: Project) -> None:
    first, _, _ = run(project)
    other, audit, events = run(project, PARAMS.model_copy(update={"seed": 7}))
    assert audit["settings"]["seed"] == 7
    assert other != first
    assert said(events, "note") == ["the settings of the split have changed: it is made from scratch"]
    assert run(project)[0] == first


def test_another_fold_of_the_same_folds_moves_no_photo(project: Project) -> None:
    folds = PARAMS.model_copy(update={"folds": 3})
    first, audit, _ = run(project, folds)
    assert audit["settings"] == {"by": "tile", "valid": 0.2, "seed": 0, "good": True, "folds": 3, "fold": 0}
    assert audit["leaked_share"] == 0.0
    # In between, photos come that would be dealt before others if all were dealt anew.
    write_index(project.index, [*shoot_spots(project, range(20, 26)), *read_index(project.index)])
    second, _, events = run(project, folds.model_copy(update={"fold": 2, "test": 0.1}))
    assert said(events, "note") == []
    now = {row.photo: row for row in second}
    assert all(now[row.photo].fold == row.fold for row in first)
    assert {row.fold for row in second if row.subset == "test"} == {"2"}
    again = {row.photo: row for row in run(project, folds)[0]}
    assert {row.subset for row in again.values() if row.fold == "0"} == {"test"}
    assert len(again) == 78
    # Other folds are other folds.
    _, _, events = run(project, folds.model_copy(update={"folds": 4}))
    assert said(events, "note") == ["the settings of the split have changed: it is made from scratch"]
    _, audit, _ = run(project)
    assert "fold" not in project.split.read_text(encoding="utf-8").splitlines()[0]
    assert "folds" not in audit["settings"]


def test_manifest_without_its_settings_is_not_taken_over(project: Project) -> None:
    first, _, _ = run(project)
    project.split.write_text("not a split", encoding="utf-8")
    project.split_audit.unlink()
    again, _, events = run(project)
    assert again == first
    assert "made from scratch" in said(events, "warning")[0]


def test_broken_manifest_is_named_and_left_alone(project: Project) -> None:
    run(project)
    broken = project.split.read_text(encoding="utf-8").replace(",test,", ",tset,", 1)
    project.split.write_text(broken, encoding="utf-8")
    with pytest.raises(DataError, match="tset") as caught:
        split_dataset(project, PARAMS)
    assert re.search(r"split\.csv, line \d+$", caught.value.where or "")
    assert project.split.read_text(encoding="utf-8") == broken


def test_vanished_photos_are_dropped_with_a_word(project: Project) -> None:
    before, _, _ = run(project)
    write_index(project.index, read_index(project.index)[3:])
    rows, _, events = run(project)
    assert rows == before[3:]
    assert said(events, "note") == ["3 of 60 photos of the earlier split are no longer in the dataset"]


def test_good_photos_left_out(project: Project) -> None:
    rows, audit, _ = run(project, PARAMS.model_copy(update={"good": False}))
    assert {row.defect for row in rows} == {"crack"}
    assert (audit["photos"], audit["tiles"], audit["defect_tiles"]) == (30, 10, 10)


def test_warnings_reach_the_listener(project: Project) -> None:
    write_index(project.index, [*read_index(project.index), shoot(project, "frayed", 90, 1, "fray")])
    _, _, events = run(project)
    assert said(events, "warning") == [
        "fray: only 1 separate tile; it is used for training, so fray is not measured",
    ]


def test_photo_that_links_two_subsets_is_left_out_of_split_and_audit(project: Project) -> None:
    before, _, _ = run(project)
    subset = {row.photo: row.subset for row in before}
    photos = read_index(project.index)
    one = next(photo for photo in photos if subset[photo.photo] == "train")
    other = next(photo for photo in photos if subset[photo.photo] == "test")
    # A photo that is half the one and half the other, with a burst number between theirs. Renaming moves nothing.
    halves = [cv2.imread(str(project.dataset / photo.image), cv2.IMREAD_GRAYSCALE) for photo in (one, other)]
    cv2.imwrite(str(project.dataset / "images" / "half.png"), np.vstack([halves[0][:45], halves[1][45:]]))
    numbers = {one.photo: "exp1_num_1000", other.photo: "exp1_num_1200"}
    bridge = replace(one, photo="exp2_num_1100", image="images/half.png", defect="good", mask="")
    write_index(project.index, [*(replace(p, photo=numbers.get(p.photo, p.photo)) for p in photos), bridge])
    rows, audit, events = run(project)
    assert audit["left_out"] == ["exp2_num_1100"]
    assert [row.subset for row in rows] == [row.subset for row in before]
    assert audit["photos"] == 60
    assert "left out" in said(events, "warning")[0]


def test_empty_and_missing_dataset(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with pytest.raises(ProjectError, match="no dataset"):
        split_dataset(project, PARAMS)
    write_index(project.index, [])
    with pytest.raises(DataError, match="no photos") as caught:
        split_dataset(project, PARAMS)
    assert caught.value.hint == "tiles fetch"
    assert not project.split.exists()


def test_photo_file_that_vanished(project: Project) -> None:
    (project.dataset / "images" / "spot04_1.png").unlink()
    with pytest.raises(DataError, match="cannot be read") as caught:
        split_dataset(project, PARAMS)
    assert "spot04_1.png" in (caught.value.where or "")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Project:
    if not REAL.is_file():
        pytest.skip("the real photos (../shared/data/magnetic-tiles.zip) are not beside this checkout")
    project = Project(tmp_path_factory.mktemp("real"))
    photos = []
    for folder in ("images", "masks"):
        (project.dataset / folder).mkdir(parents=True)
    with zipfile.ZipFile(REAL) as archive:
        for name in archive.namelist():
            found = re.search(r"/MT_(\w+)/Imgs/(\w+)\.jpg$", name)
            if not found:
                continue
            kind, stem = found[1].lower().replace("free", "good"), found[2]
            (project.dataset / "images" / f"{stem}.jpg").write_bytes(archive.read(name))
            mask = cv2.imdecode(np.frombuffer(archive.read(f"{name[:-4]}.png"), np.uint8), cv2.IMREAD_GRAYSCALE)
            (project.dataset / "masks" / f"{stem}.png").write_bytes(encode_mask(np.asarray(mask > 0, np.uint8)))
            height, width = mask.shape
            photos.append(Photo(stem, f"images/{stem}.jpg", f"masks/{stem}.png", kind, "real", stem[3], width, height))
    write_index(project.index, photos)
    return project


@pytest.mark.real
def test_real_photos_form_the_tiles_that_were_counted(real: Project) -> None:
    rows, audit, events = run(real, SplitParams())
    assert (len(rows), audit["photos"]) == (1066, 1066)
    sizes = Counter(Counter(row.tile for row in rows).values())
    # As counted in DATA.md; a JPEG decoder that rounds differently may move a photo or two.
    assert audit["tiles"] == pytest.approx(206, abs=2)
    assert sizes[6] == pytest.approx(124, abs=2)
    assert audit["defect_tiles"] == pytest.approx(74, abs=2)
    assert said(events, "warning") == []
    tiles = totals(rows)
    assert tiles["test"]["tiles"] == pytest.approx(0.2 * 206, abs=6)
    assert tiles["valid"]["tiles"] == pytest.approx(0.15 * 206, abs=6)


@pytest.mark.real
def test_real_photos_leak_on_a_random_split_and_not_on_ours(real: Project) -> None:
    _, audit, _ = run(real, SplitParams())
    assert (audit["leaked_share"], audit["copy_sibling_dice"]) == (0.0, 0.0)
    # By tile alone, without families, this is 0.61: siblings that the rule of tiles does not see.
    assert audit["copy_nearest_dice"] < 0.05
    assert audit["random_leaked_share"] > 0.9
    assert audit["random_copy_sibling_dice"] == pytest.approx(0.83, abs=0.05)


@pytest.mark.real
def test_real_photos_added_in_two_goes(real: Project, tmp_path: Path) -> None:
    project = Project(tmp_path)
    shutil.copytree(real.dataset, project.dataset)
    photos = read_index(real.index)
    write_index(project.index, [photo for number, photo in enumerate(photos) if number % 5])
    before, _, _ = run(project, SplitParams())
    write_index(project.index, photos)
    rows, audit, _ = run(project, SplitParams())
    now = {row.photo: row for row in rows}
    assert all(now[row.photo] == row for row in before)
    assert len(rows) + len(audit["left_out"]) == len(photos)
    assert len(audit["left_out"]) < 0.05 * len(photos)
    assert audit["leaked_share"] < 0.02
