"""The server's log: one line per event on standard error."""

from __future__ import annotations

import logging
import sys


def set_up(name: str = "", *, verbose: bool = False) -> None:
    """Log from `INFO` (`verbose`: `DEBUG`) on; `name` stands in each line where several processes write one log."""
    handler = logging.StreamHandler(sys.stderr)
    middle = f"{name}: " if name else ""
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {middle}%(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tiles").setLevel(logging.DEBUG if verbose else logging.INFO)
