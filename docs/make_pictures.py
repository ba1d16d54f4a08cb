"""Draw the README's pictures of the built-in sample again: `python docs/make_pictures.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tilecli.config import SampleParams
from tilecli.data.sample import write_sample
from tilecli.evaluation.contact_sheet import read_strips, write_sheet

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Write `docs/images/sample.png`, the contact sheet of the default sample."""
    defaults = SampleParams()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sample"
        write_sample(folder, defaults.tiles, defaults.seed)
        write_sheet(IMAGES / "sample.png", read_strips(folder))


if __name__ == "__main__":
    main()
