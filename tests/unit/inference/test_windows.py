"""Windows over large inputs, with the real engine where it is the answer that matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.dark_bundle import write_dark_bundle
from tilecli.data.preprocess import Float32
from tilecli.inference import windows
from tilecli.inference.engines import open_engine
from tilecli.inference.predictor import Predictor


class Blur:
    """Each pixel's mean over what lies within `reach` px of it; notes the sizes that it was asked for."""

    name, device, precision, streams = "blur", "CPU", "f32", 1

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.sizes: list[tuple[int, int]] = []

    def run(self, batch: Float32) -> Float32:
        """N×1×H×W → N×1×H×W."""
        self.sizes.append((batch.shape[2], batch.shape[3]))
        reach = self.reach
        padded = np.pad(batch, ((0, 0), (0, 0), (reach, reach), (reach, reach)), "edge")
        shifted = [
            padded[:, :, dy : dy + batch.shape[2], dx : dx + batch.shape[3]]
            for dy in range(2 * reach + 1)
            for dx in range(2 * reach + 1)
        ]
        return np.mean(np.stack(shifted), axis=0, dtype=np.float64).astype(np.float32)


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([8, 16, 32]))
def test_pieces_give_what_one_run_gives(rows: int, columns: int, multiple: int) -> None:
    values = np.random.default_rng(rows).random((1, rows * multiple, columns * multiple), np.float32)
    whole, pieces = Blur(3), Blur(3)
    expected = windows.run(whole, values, multiple, side_px=10_000)
    found = windows.run(pieces, values, multiple, side_px=104, overlap_px=8 + multiple)
    assert np.array_equal(expected, found)
    assert all(max(size) <= 104 for size in pieces.sizes)
    assert len(set(pieces.sizes)) == 1  # an engine prepares itself for a size once


def test_few_windows_more_than_needed() -> None:
    engine = Blur(0)
    windows.run(engine, np.zeros((1, 32, 5000 // 32 * 32), np.float32), 32, side_px=1024, overlap_px=128)
    assert len(engine.sizes) == 6  # 4,992 px in steps of up to 896


def test_a_photo_larger_than_a_window(tmp_path: Path) -> None:
    bundle = write_dark_bundle(tmp_path / "bundle")
    predictor = Predictor(bundle, open_engine(bundle, keep_compiled=False))
    photo = np.full((40, 5000, 1), 160, np.uint8)
    photo[10:20, ::700] = 20  # across every border between windows
    found = predictor.predict(photo)
    assert np.array_equal(found.mask, (photo[:, :, 0] == 20).astype(np.uint8))
    assert found.verdict == "defect"
