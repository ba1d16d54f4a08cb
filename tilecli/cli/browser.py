"""Opening a page of this machine in the user's browser."""

from __future__ import annotations

import os
import sys


def open_page(url: str) -> None:
    """Open the page where there is a desktop: without one, a browser of the terminal would take the terminal."""
    import webbrowser

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    webbrowser.open(url)
