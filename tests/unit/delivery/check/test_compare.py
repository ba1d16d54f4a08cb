import pytest

from tilecli.delivery.check.compare import Checked, Compared
from tilecli.serving.watch.agreement import Overlap

MODEL = {"precision": "f32", "engine": "openvino"}


def photo(both: int, own: int, theirs: int, *, pixels: int = 100, verdict: str = "defect", ms: float = 1.0) -> Compared:
    return Compared("a.png", pixels, Overlap(both, own, theirs), "defect", verdict, "v1", ms, ms / 2)


def test_pixels_that_both_mark_or_neither_are_equal() -> None:
    assert photo(10, 10, 10).equal_px == 100
    assert photo(10, 15, 12).equal_px == 100 - 5 - 2
    assert photo(0, 100, 0).equal_px == 0


def test_figures_over_all_photos() -> None:
    photos = [photo(10, 20, 20), photo(0, 0, 0, pixels=300), photo(5, 5, 15, verdict="good")]
    found = Checked("http://x", "v1", MODEL, {}, photos)
    assert found.dice == pytest.approx(2 * 15 / (25 + 35))
    assert found.equal_pixels == pytest.approx((80 + 300 + 90) / 500)
    assert found.equal_verdicts == pytest.approx(2 / 3)
    said = found.as_dict()
    assert said["dice_mean"] == pytest.approx((0.5 + 1.0 + 0.5) / 3)
    assert len(said["least_alike"]) == 2


def test_two_masks_that_mark_nothing_agree() -> None:
    assert Checked("http://x", "v1", MODEL, {}, [photo(0, 0, 0)]).dice == 1.0


def test_quantiles_of_the_times() -> None:
    found = Checked("http://x", "v1", MODEL, {}, [photo(0, 0, 0, ms=float(ms)) for ms in range(101)])
    assert (found.times("ms")["p50"], found.times("ms")["p95"], found.times("server_ms")["p95"]) == (50, 95, 47.5)
