"""The same commands on the real photos: fetch, split and a few training steps through evaluation and prediction."""

import json
from pathlib import Path

import pytest

from tests.conftest import Tiles

SETTINGS = [
    "train.widths=[8,16,24]",
    "train.crop_size=96",
    "train.batch_size=8",
    "train.epochs=1",
    "train.steps_per_epoch=4",
    "split.valid=0.05",
    "split.test=0.1",
    "evaluate.bootstrap=50",
    "evaluate.pictures=1",
]


@pytest.mark.real
def test_real_photos_from_archive_to_prediction(tiles: Tiles, tmp_path: Path, real_photos: Path):
    overrides = [part for setting in SETTINGS for part in ("-S", setting)]
    tiles("init", "real", "--source", real_photos, *overrides, cwd=tmp_path)
    project = tmp_path / "real"
    counts = json.loads(tiles("fetch", "--json", cwd=project).stdout)
    assert counts["photos"] == 1066
    assert counts["defects"] == {"good": 759, "blowhole": 90, "break": 68, "crack": 43, "fray": 21, "uneven": 85}
    split = json.loads(tiles("split", "--json", cwd=project).stdout)
    assert split["audit"]["tiles"] == 206
    assert split["audit"]["leaked_share"] == 0
    assert split["audit"]["random_leaked_share"] > 0.9
    result = json.loads(tiles("train", "--json", cwd=project).stdout)
    assert result["metrics"]["per_defect.crack.photos"] > 0
    photo = next((project / "data" / "dataset" / "images").glob("exp*.jpg"))
    line = json.loads(tiles("predict", photo, "--json", cwd=project).stdout)
    assert 0 <= line["defect_share"] <= 1
