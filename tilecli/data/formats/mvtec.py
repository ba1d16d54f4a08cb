"""MVTec AD: train/good, test/<type>, ground_truth/<type>/x_mask.png. Read by `tilecli.data.layouts`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tilecli.data.catalog import encode_mask
from tilecli.data.formats.leaving import Leaving
from tilecli.layout import GOOD


def write(folder: Path, leaving: Sequence[Leaving]) -> None:
    """Write `leaving` into `folder`. Trained on are good photos alone; whatever shows a defect is tested on."""
    for one in leaving:
        kind = one.photo.defect
        learnt = kind == GOOD and one.subset != "test"
        one.copy(folder / ("train" if learnt else "test") / kind / one.file)
        if one.photo.mask and (kind != GOOD or one.mask().any()):
            path = folder / "ground_truth" / kind / f"{Path(one.file).stem}_mask.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_mask(one.mask()))
