"""Pictures of validation photos after every validation of runs that take a second."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trainings import change, interrupt_after, run
from tilecli import palette
from tilecli.config import Params
from tilecli.data.catalog import read_index
from tilecli.data.preprocess import read_photo
from tilecli.layout import Project
from tilecli.learning.epoch_pictures import INDEX

Make = Callable[[str], Project]


def index(project: Project) -> dict[str, Any]:
    return dict(json.loads((project.epoch_pictures / INDEX).read_text()))


def files(project: Project) -> set[str]:
    return {path.name for path in project.epoch_pictures.iterdir()}


def marked(view: np.ndarray, colour: str) -> int:
    """Pixels of about this colour, as JPEG changes it a little."""
    return int((np.abs(view.astype(int) - palette.rgb(colour)).max(axis=2) < 40).sum())


def test_every_validation_leaves_one_strip_with_the_same_photos(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    run(project, change(tiny, pictures=3, valid_every=2, epochs=6))
    said = index(project)
    validated = [int(row.split("\t")[0]) for row in project.valid_dice.read_text().splitlines()[1:]]
    assert [entry["epoch"] for entry in said["epochs"]] == validated == [2, 4, 5, 6]
    assert [photo["defect"] for photo in said["photos"]] == ["blob", "good", "blob"]
    assert files(project) == {INDEX, said["plain"], *(entry["file"] for entry in said["epochs"])}
    sizes = {photo.photo: (photo.height, photo.width) for photo in read_index(project.index)}
    plain = read_photo(project.epoch_pictures / said["plain"], 3)
    last = read_photo(project.epoch_pictures / said["epochs"][-1]["file"], 3)
    assert plain.shape == last.shape
    for photo, dice in zip(said["photos"], said["epochs"][-1]["dice"], strict=True):
        x, y, w, h = photo["box"]
        height, width = sizes[photo["name"]]
        assert (h / height, w / width) == (h // height, h // height)  # whole pixels, enlarged
        assert 0 <= dice <= 1
        view = last[y : y + h, x : x + w]
        assert marked(plain[y : y + h, x : x + w], palette.TRUTH) == 0
        assert (marked(view, palette.TRUTH) > 50) == (photo["defect"] != "good")


def test_no_pictures_leave_an_empty_index(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    run(project, change(tiny, pictures=0, epochs=1))
    assert files(project) == {INDEX}
    assert (index(project)["photos"], index(project)["epochs"]) == ([], [])


def test_a_resumed_run_goes_on_with_its_own_pictures(make_project: Make, tiny: Params) -> None:
    project, whole = make_project("one"), make_project("whole")
    params = change(tiny, pictures=2)
    run(whole, params)
    interrupt_after(2, project, params)
    # As a kill would leave it: the pictures of an epoch that has no checkpoint.
    (project.epoch_pictures / "00003.jpg").write_bytes(b"half")
    run(project, params, resume=True)
    assert index(project) == index(whole)
    assert files(project) == files(whole)
    for name in files(whole):
        assert (project.epoch_pictures / name).read_bytes() == (whole.epoch_pictures / name).read_bytes()


@pytest.mark.parametrize("gone", [True, False])
def test_pictures_that_dvc_takes_away_or_replaces_come_back(make_project: Make, tiny: Params, gone: bool) -> None:
    project, other, whole = make_project("one"), make_project("other"), make_project("whole")
    params = change(tiny, pictures=2, epochs=3)
    interrupt_after(1, project, params)
    shutil.rmtree(project.epoch_pictures)
    if not gone:
        run(other, change(params, seed=5))
        shutil.copytree(other.epoch_pictures, project.epoch_pictures)
    run(project, params, resume=True)
    run(whole, params)
    assert index(project) == index(whole)
    assert {(project.epoch_pictures / name).read_bytes() for name in files(project)} == {
        (whole.epoch_pictures / name).read_bytes() for name in files(whole)
    }
    assert not (project.scratch / "pictures").exists()


def test_pictures_of_another_training_are_not_taken_for_the_runs_own(make_project: Make, tiny: Params) -> None:
    project, other = make_project("one"), make_project("other")
    params = change(tiny, pictures=2, epochs=3)
    interrupt_after(1, project, params)
    run(other, change(params, seed=5))
    for place in (project.epoch_pictures, project.scratch / "pictures"):
        shutil.rmtree(place)
        shutil.copytree(other.epoch_pictures, place)
    run(project, params, resume=True)
    assert [entry["epoch"] for entry in index(project)["epochs"]] == [2, 3]
    assert files(project) == {INDEX, "photos.jpg", "00002.jpg", "00003.jpg"}


def test_a_disk_that_takes_no_pictures_stops_no_training(
    make_project: Make, tiny: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project("one")
    written = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.suffix == ".jpg":
            raise OSError(28, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    events = run(project, change(tiny, epochs=2))
    assert [event.text for event in events if event.kind == "warning"] == [
        "the pictures of epochs are given up, the training goes on without them: [Errno 28] No space left on device"
    ]
    assert json.loads(project.training_metrics.read_text())["epoch"] == 2
