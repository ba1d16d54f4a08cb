"""TensorBoard: event files, one folder per run. Look at them with `tensorboard --logdir logs/tensorboard`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from tilecli.data.preprocess import Uint8
from tilecli.learning.loggers.interface import Ending, Run

_JUDGED_BY = ("best/dice", "valid/dice", "valid/loss")  # the figures beside the settings on the HPARAMS page


class TensorBoardLogger:
    """See `RunLogger`."""

    def __init__(self, run: Run) -> None:
        self.identity = run.name
        folder = run.folder / run.name
        if not run.after and folder.exists():
            shutil.rmtree(folder)  # an earlier run of this name, whose curves would mix with ours
        # What an interrupted run wrote past its last whole epoch comes again, and is hidden.
        self._writer = SummaryWriter(str(folder), purge_step=run.after + 1 if run.after else None)
        if run.after:
            return
        texts = run.texts()
        table = "\n".join(f"| {name} | {value} |" for name, value in texts.items())
        self._writer.add_text("run", f"| setting | value |\n|---|---|\n{table}", 0)
        plain = {
            name: value if isinstance(value, (bool, int, float, str)) else texts[name]
            for name, value in run.settings.items()
        }
        for summary in hparams(plain, dict.fromkeys(_JUDGED_BY, 0.0)):  # type: ignore[no-untyped-call]
            self._writer._get_file_writer().add_summary(summary)  # type: ignore[no-untyped-call]

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Scalars, written out at once."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, number)
        self._writer.flush()

    def picture(self, number: int, name: str, image: Uint8) -> None:
        """An image with a slider over the epochs."""
        self._writer.add_image(f"valid/{name}", image, number, dataformats="HWC")

    def end(self, how: Ending) -> None:
        """Say how it ended and close."""
        self._writer.add_text("ended", how, 0)
        self._writer.close()
