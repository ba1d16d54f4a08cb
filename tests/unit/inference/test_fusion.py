from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.dark_bundle import write_dark_bundle
from tilecli import progress
from tilecli.data.registration import Shift
from tilecli.errors import UsageError
from tilecli.inference.batch import predict_spots
from tilecli.inference.fusion import fuse, predict_spot, spots_by_looks, spots_by_name
from tilecli.inference.predictor import Predictor, open_predictor


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Dark pixels are defect."""
    bundle = write_dark_bundle(tmp_path_factory.mktemp("dark") / "bundle")
    return open_predictor(bundle.folder, threads=1, keep_compiled=False)


def _surface(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    surface = 165 + 10 * draw.standard_normal((1, 220)).repeat(180, 0) + 5 * draw.standard_normal((180, 220))
    for _ in range(9):
        y, x, radius = draw.integers(0, 180), draw.integers(0, 220), draw.integers(4, 9)
        rows, columns = np.ogrid[:180, :220]
        surface[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] += 40
    return surface


def _write(folder: Path, name: str, image: np.ndarray) -> Path:
    path = folder / f"{name}.png"
    assert cv2.imwrite(str(path), np.clip(image, 0, 255).astype(np.uint8))
    return path


@pytest.fixture
def spot(tmp_path: Path) -> list[Path]:
    """Three exposures of one spot, cropped apart. Each shows the defect; one a dark fleck besides, which is chance."""
    surface = _surface(1)
    surface[80:100, 90:130] = 60
    photos = []
    for number, (top, left) in enumerate([(10, 10), (4, 15), (13, 2)]):
        image = surface[top : top + 150 + number, left : left + 190] + 6 * number
        if number == 2:
            image = image.copy()
            image[20:30, 20:30] = 120  # alone it is defect (0.56), beside two that say 0.05 it is not
        photos.append(_write(tmp_path, f"exp{number}_num_{100 + 20 * number}", image))
    return photos


def test_a_spot_gets_one_verdict_and_each_photo_its_own_mask(predictor: Predictor, spot: list[Path]) -> None:
    alone = [predictor.predict_file(path) for path in spot]
    together = predict_spot(predictor, spot)
    assert {p.verdict for p in together} == {"defect"}
    assert len({p.score for p in together}) == 1
    for before, after, (top, left) in zip(alone, together, [(10, 10), (4, 15), (13, 2)], strict=True):
        assert after.mask.shape == before.mask.shape
        wanted = np.zeros_like(after.mask)
        wanted[80 - top : 100 - top, 90 - left : 130 - left] = 1
        assert np.count_nonzero(after.mask != wanted) < 5  # grain, along rims that one photo alone covers
        assert after.ms > 0
    assert alone[2].mask[20:30, 20:30].any()  # the fleck, which the others outvote
    assert [p.verdict for p in predict_spot(predictor, spot[:1])] == [alone[0].verdict]


def test_a_stranger_is_judged_by_itself_and_named(predictor: Predictor, spot: list[Path], tmp_path: Path) -> None:
    stranger = _write(tmp_path, "stranger", _surface(9))
    events: list[progress.Event] = []
    with progress.listen(events.append):
        found = predict_spot(predictor, [spot[0], stranger, spot[1]])
    assert [p.verdict for p in found] == ["defect", "good", "defect"]
    assert found[0].score == found[2].score != found[1].score
    assert [p.together for p in found] == [2, 1, 2]
    (warning,) = [event for event in events if event.kind == "warning"]
    assert "stranger.png" in warning.text


def test_logits_are_averaged_and_the_score_is_the_whole_spots() -> None:
    first, other = np.full((4, 4), 0.9, np.float32), np.full((4, 4), 0.5, np.float32)
    (one, two), score = fuse([first, other], [Shift(0, 0, 1), Shift(2, 0, 1)], 4)
    np.testing.assert_allclose(one[:, :2], 0.75, atol=1e-4)  # logit 2.197 / 2
    np.testing.assert_allclose(one[:, 2:], 0.9, atol=1e-4)
    np.testing.assert_allclose(two, [[0.5, 0.5, 0.75, 0.75]] * 4, atol=1e-4)
    assert score == pytest.approx(0.9, abs=1e-4)
    assert fuse([first, other], [Shift(0, 0, 1), Shift(2, 0, 1)], 20)[1] == pytest.approx(0.5, abs=1e-4)


def test_spots_are_found_by_names(tmp_path: Path) -> None:
    paths = [Path(name) for name in ("p/a_1.png", "p/b_1.png", "p/a_2.png", "p/other.png", "p/more.png")]
    assert spots_by_name(paths, r"([ab])_\d") == [[0, 2], [1], [3], [4]]
    assert spots_by_name(paths, r"_\d") == [[0, 1], [2], [3], [4]]
    with pytest.raises(UsageError, match="no regular expression"):
        spots_by_name(paths, "(")


def test_spots_are_found_by_looks(tmp_path: Path) -> None:
    # No grain: between neighbours of one brightness it would decide every bit of a hash.
    rows, columns = np.mgrid[:150, :190]
    surface = 120 + 50 * np.sin(rows / 9) * np.cos(columns / 13) + 20 * np.sin(columns / 4)
    spot = [_write(tmp_path, f"exp{i}_num_{100 + 20 * i}", surface * (1 - 0.2 * i) + 10) for i in range(3)]
    stranger = _write(tmp_path, "stranger", _surface(9))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no photo")
    assert spots_by_looks([spot[0], stranger, broken, spot[1], spot[2]]) == [[0, 3, 4], [1], [2]]


def test_a_batch_names_the_spot_and_goes_on_after_a_bad_photo(
    predictor: Predictor, spot: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no photo")
    paths = [*spot, broken, _write(tmp_path, "stranger", _surface(9))]
    out = tmp_path / "out"
    done = list(predict_spots(predictor, paths, [[0, 1, 3, 2], [4]], out))
    by_path = {outcome.path: outcome for outcome in done}
    assert [by_path[path].spot for path in spot] == [1, 1, 1]
    assert by_path[paths[4]].spot == 2
    assert by_path[broken].error is not None
    lines = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    told = [(line["spot"], line["together"]) for line in lines if "error" not in line]
    assert told == [(1, 3), (1, 3), (1, 3), (2, 1)]
    for path in spot:
        mask = cv2.imread(str(by_path[path].mask), cv2.IMREAD_UNCHANGED)
        assert mask.shape == cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape[:2]
        assert mask.any()
