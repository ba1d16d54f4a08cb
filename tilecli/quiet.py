"""Switches that keep the libraries we stand on from phoning home, set before any of them is imported, and ways to keep
what they print away from the user and what they need not load out of the process.

Every value is a default: a user who sets one of these variables keeps their own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "DVC_STUDIO_OFFLINE": "true",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    # From 1.29 on, ONNX Runtime's builds for Linux and macOS report machine and models to Microsoft, in native code.
    "ORT_DISABLE_TELEMETRY": "1",
    # cv2 refuses larger photos before it decodes them; must be set before cv2 is imported. 2^28 px = 16k × 16k.
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(2**28),
    "OPENCV_LOG_LEVEL": "ERROR",
}


def be_quiet() -> None:
    """Set the defaults in this process's environment, which child processes inherit, and hide OpenVINO's reporter.

    OpenVINO has no switch for it: `import openvino` writes into the home folder and calls an analytics service, unless
    its reporter cannot be imported; then a stub that comes with OpenVINO takes its place. NNCF reports through the
    same one, and has a stub of its own.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    hidden: dict[str, object] = sys.modules  # type: ignore[assignment]  # None: this import fails
    hidden.setdefault("openvino_telemetry", None)


@contextlib.contextmanager
def without(name: str) -> Iterator[None]:
    """Within the block nobody can import the module `name`, unless it is loaded already.

    For a library that loads what it can do without.
    """
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]  # None: this import fails
    modules.setdefault(name, None)
    try:
        yield
    finally:
        if modules.get(name, name) is None:
            del modules[name]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep a library's prints, warnings and log lines away from the user's terminal for the length of the block."""
    import io
    import logging
    import warnings

    before = logging.root.manager.disable
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        logging.root.manager.disable = logging.ERROR
        try:
            yield
        finally:
            logging.root.manager.disable = before
