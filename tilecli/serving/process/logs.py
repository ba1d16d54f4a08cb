"""The server's log: one line per event on standard error."""

from __future__ import annotations

import logging
import sys

# Each writes a line or more about every upload that is broken. Whoever sent it is told; a log that a single client can
# fill at will tells nobody anything.
_TALKATIVE = ("python_multipart", "uvicorn.error")


def set_up(name: str = "", *, verbose: bool = False) -> None:
    """Log from `INFO` (`verbose`: `DEBUG`) on; `name` stands in each line where several processes write one log."""
    handler = logging.StreamHandler(sys.stderr)
    middle = f"{name}: " if name else ""
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {middle}%(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tiles").setLevel(logging.DEBUG if verbose else logging.INFO)
    for talker in _TALKATIVE:
        logging.getLogger(talker).setLevel(logging.ERROR)
    _hush_opencv()


def _hush_opencv() -> None:
    """OpenCV prints why it cannot decode, past all loggers."""
    from tilecli import quiet

    quiet.be_quiet()
    from tilecli.opencv import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
