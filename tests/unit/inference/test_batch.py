from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tilecli.errors import UsageError
from tilecli.inference.batch import expand, output_names, predict_batch
from tilecli.inference.bundle import Bundle
from tilecli.inference.predictor import Predictor, open_predictor


@pytest.fixture(scope="module")
def predictor(bright: Bundle) -> Predictor:
    return open_predictor(bright.folder, threads=1, keep_compiled=False)


def _photo(path: Path, value: int = 230) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((50, 70), 20, np.uint8)
    image[10:30, 20:40] = value
    assert cv2.imwrite(str(path), image)
    return path


def test_files_folders_patterns_and_lines(tmp_path: Path) -> None:
    a, b, c = (_photo(tmp_path / "in" / name) for name in ("a.png", "deep/b.JPG", "c.tif"))
    (tmp_path / "in" / "notes.txt").write_text("no photo")
    (tmp_path / "in" / ".hidden.png").write_bytes(a.read_bytes())
    assert expand([str(a)]) == [a]
    assert set(expand([str(tmp_path / "in")])) == {a, b, c}
    assert expand([str(tmp_path / "in" / "*.png")]) == [a]
    assert expand([str(tmp_path / "in" / "**" / "*.JPG")]) == [b]
    assert expand(["-", str(a)], lines=[f"{c}\n", "\n", f"{a}\n"]) == [c, a]


def test_a_folder_does_not_feed_on_its_own_output(tmp_path: Path) -> None:
    photo = _photo(tmp_path / "a.png")
    _photo(tmp_path / "out" / "masks" / "a.png")
    assert expand([str(tmp_path)], out=tmp_path / "out") == [photo]


def test_a_name_with_brackets_is_a_file_first(tmp_path: Path) -> None:
    photo = _photo(tmp_path / "a[1].png")
    assert expand([str(photo)]) == [photo]


@pytest.mark.parametrize("name", ["*.png", "."])
def test_nothing_found_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        expand([name])
    with pytest.raises(UsageError, match="no photo was named"):
        expand(["-"], lines=[])


def test_writes_masks_overlays_and_lines(predictor: Predictor, tmp_path: Path) -> None:
    paths = [_photo(tmp_path / "in" / "bad.png"), _photo(tmp_path / "in" / "fine.png", value=20)]
    out = tmp_path / "out"
    outcomes = list(predict_batch(predictor, paths, out))
    assert [outcome.verdict for outcome in outcomes] == ["defect", "good"]
    mask = cv2.imread(str(out / "masks" / "bad.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (50, 70)
    assert set(np.unique(mask)) == {0, 255}
    assert np.count_nonzero(mask) == 400
    assert cv2.imread(str(out / "overlays" / "bad.png"), cv2.IMREAD_UNCHANGED).shape == (50, 70, 3)
    lines = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in paths]
    assert {"path", "verdict", "defect_share", "regions", "mask", "ms"} <= set(lines[0])
    assert lines[0]["regions"][0]["box"] == [20, 10, 20, 20]
    assert lines[0]["regions"][0]["area_px"] == 400
    assert Path(lines[0]["mask"]) == out / "masks" / "bad.png"
    assert lines[1]["regions"] == []


def test_one_bad_file_is_reported_and_the_rest_is_done(predictor: Predictor, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"rubbish")
    paths = [_photo(tmp_path / "a.png"), broken, tmp_path / "missing.png", _photo(tmp_path / "z.png")]
    outcomes = list(predict_batch(predictor, paths, tmp_path / "out"))
    assert [outcome.error is None for outcome in outcomes] == [True, False, False, True]
    assert "broken.png" in str(outcomes[1].error)
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert "error" in lines[1]
    assert lines[3]["verdict"] == "defect"


def test_without_an_output_folder_nothing_is_written(predictor: Predictor, tmp_path: Path) -> None:
    photo = _photo(tmp_path / "a.png")
    (outcome,) = predict_batch(predictor, [photo])
    assert outcome.as_dict()["mask"] is None
    assert list(tmp_path.iterdir()) == [photo]


def test_stopping_early_leaves_whole_lines(predictor: Predictor, tmp_path: Path) -> None:
    paths = [_photo(tmp_path / "in" / f"{i}.png") for i in range(20)]
    batch = predict_batch(predictor, paths, tmp_path / "out")
    next(batch)
    next(batch)
    batch.close()
    lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == [str(path) for path in paths[:2]]
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.is_file()]


def test_a_result_that_cannot_be_written_is_the_photos_error(predictor: Predictor, tmp_path: Path) -> None:
    photo = _photo(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "masks").write_text("a file is in the way")
    (outcome,) = predict_batch(predictor, [photo], tmp_path / "out")
    assert "cannot be written" in str(outcome.error)


def test_equal_stems_get_names_of_their_own() -> None:
    paths = [Path(p) for p in ("x/a.png", "y/a.png", "y/a.jpg", "y/A.tif", "a.png", "b.png")]
    names = output_names(paths)
    assert names[:2] == ["a", "y_a"]
    assert names[-1] == "b"
    assert len({name.casefold() for name in names}) == len(names)


def test_the_mask_of_a_photo_in_two_folders_is_kept_twice(predictor: Predictor, tmp_path: Path) -> None:
    paths = [_photo(tmp_path / "one" / "a.png"), _photo(tmp_path / "two" / "a.png", value=20)]
    first, second = predict_batch(predictor, paths, tmp_path / "out")
    assert first.mask is not None
    assert second.mask is not None
    assert cv2.imread(str(first.mask), 0).any()
    assert not cv2.imread(str(second.mask), 0).any()
